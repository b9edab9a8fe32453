//! Arrays as programs take and give them: dimensions and row-major data, owned, no arithmetic.

use crate::types::Precision;

/// Row-major numbers of one precision.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

/// An array of real numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The dimensions, outermost first; empty for a scalar.
    pub dims: Vec<usize>,
    /// The elements; as many as the product of the dimensions.
    pub data: Data,
}

impl Tensor {
    /// All zeros.
    pub fn zeros(dims: impl Into<Vec<usize>>, precision: Precision) -> Self {
        let dims = dims.into();
        let count = dims.iter().product();
        let data = match precision {
            Precision::F32 => Data::F32(vec![0.0; count]),
            Precision::F64 => Data::F64(vec![0.0; count]),
        };
        Self { dims, data }
    }

    /// From numbers in double precision, rounded to `precision`. Panics if the count does not fit the dimensions.
    pub fn from_f64(dims: impl Into<Vec<usize>>, numbers: &[f64], precision: Precision) -> Self {
        let dims = dims.into();
        assert_eq!(dims.iter().product::<usize>(), numbers.len(), "numbers must fill the dimensions");
        let data = match precision {
            Precision::F32 => Data::F32(numbers.iter().map(|&x| x as f32).collect()),
            Precision::F64 => Data::F64(numbers.to_vec()),
        };
        Self { dims, data }
    }

    /// The precision of the elements.
    pub fn precision(&self) -> Precision {
        match self.data {
            Data::F32(_) => Precision::F32,
            Data::F64(_) => Precision::F64,
        }
    }

    /// The number of elements.
    pub fn count(&self) -> usize {
        self.dims.iter().product()
    }

    /// A copy in double precision.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.data {
            Data::F32(x) => x.iter().map(|&x| f64::from(x)).collect(),
            Data::F64(x) => x.clone(),
        }
    }

    /// The same numbers, rounded to another precision.
    pub fn cast(&self, precision: Precision) -> Self {
        if precision == self.precision() {
            self.clone()
        } else {
            Self::from_f64(self.dims.clone(), &self.to_f64(), precision)
        }
    }
}
