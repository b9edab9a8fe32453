//! The two precisions as types, and tensors as arrays of them.

use ndarray::{ArcArray, IxDyn, LinalgScalar};
use plr_ir::scalar::Real;
use plr_ir::tensor::Data;
use plr_ir::{Program, Tensor};

use crate::error::Error;

/// An array that copies share.
pub(crate) type Shared<T> = ArcArray<T, IxDyn>;

/// A real number that arrays of a program can hold.
pub(crate) trait Number: Real + LinalgScalar {
    /// The elements, if they are of this type.
    fn elements(data: &Data) -> Option<&[Self]>;
    /// Elements of this type.
    fn data(elements: Vec<Self>) -> Data;
}

impl Number for f32 {
    fn elements(data: &Data) -> Option<&[Self]> {
        match data {
            Data::F32(elements) => Some(elements),
            Data::F64(_) => None,
        }
    }

    fn data(elements: Vec<Self>) -> Data {
        Data::F32(elements)
    }
}

impl Number for f64 {
    fn elements(data: &Data) -> Option<&[Self]> {
        match data {
            Data::F32(_) => None,
            Data::F64(elements) => Some(elements),
        }
    }

    fn data(elements: Vec<Self>) -> Data {
        Data::F64(elements)
    }
}

/// The inputs of a program as arrays, in order.
pub(crate) fn arrays<T: Number>(program: &Program, inputs: &[&Tensor]) -> Result<Vec<Shared<T>>, Error> {
    let expected = program.inputs.len();
    if inputs.len() != expected {
        return Err(Error::InputCount { expected, found: inputs.len() });
    }
    let parameters = program.inputs.iter().zip(&program.body.parameters);
    let array = |((name, &value), tensor): ((&String, _), &&Tensor)| {
        array(name, &program.type_of(value).dims, tensor)
    };
    parameters.zip(inputs).map(array).collect()
}

/// A tensor given for the input or output `name` as an array of dimensions `dims`.
pub(crate) fn array<T: Number>(name: &str, dims: &[usize], tensor: &Tensor) -> Result<Shared<T>, Error> {
    let name = || name.to_owned();
    let Some(elements) = T::elements(&tensor.data) else {
        return Err(Error::Precision { name: name(), expected: T::PRECISION, found: tensor.precision() });
    };
    if tensor.dims != dims {
        return Err(Error::Dimensions { name: name(), expected: dims.to_vec(), found: tensor.dims.clone() });
    }
    let misfit = |_| Error::ElementCount { name: name(), expected: tensor.count(), found: elements.len() };
    Shared::from_shape_vec(dims, elements.to_vec()).map_err(misfit)
}

/// An array as a tensor, its elements in row-major order.
pub(crate) fn tensor<T: Number>(array: &Shared<T>) -> Tensor {
    Tensor { dims: array.shape().to_vec(), data: T::data(array.iter().copied().collect()) }
}
