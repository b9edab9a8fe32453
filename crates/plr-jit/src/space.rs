//! Index spaces: how many loops an operation needs, and how far each operand moves in each.

/// Row-major dimensions, and for each operand its distance between neighbours along each axis, in elements: 0 along an
/// axis the operand does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// The extents, outermost first.
    pub(crate) dims: Vec<usize>,
    /// One list for each operand, as long as `dims`.
    pub(crate) strides: Vec<Vec<usize>>,
}

impl Space {
    /// The same space with as few axes as possible: axes of extent 1 are dropped, and neighbours become one axis where
    /// every operand walks through both in one stride.
    pub(crate) fn collapsed(&self) -> Self {
        let mut dims: Vec<usize> = Vec::new();
        let mut strides: Vec<Vec<usize>> = vec![Vec::new(); self.strides.len()];
        for (axis, &extent) in self.dims.iter().enumerate().filter(|&(_, &extent)| extent != 1) {
            let continues = |(mine, all): (&Vec<usize>, &Vec<usize>)| {
                mine.last().is_some_and(|&outer| outer == all[axis] * extent)
            };
            if strides.iter().zip(&self.strides).all(continues)
                && let Some(outer) = dims.last_mut()
            {
                *outer *= extent;
                strides.iter_mut().for_each(|mine| mine.truncate(mine.len() - 1));
            } else {
                dims.push(extent);
            }
            strides.iter_mut().zip(&self.strides).for_each(|(mine, all)| mine.push(all[axis]));
        }
        Self { dims, strides }
    }

    /// Whether the space is one of rows and columns, or a single axis that can be cut into these.
    pub(crate) fn is_matrix(&self, dims: [usize; 2]) -> bool {
        self.dims == dims || self.dims == [dims[0] * dims[1]]
    }

    /// The same space, which [is a matrix](Self::is_matrix), with two axes.
    pub(crate) fn as_matrix(&self, dims: [usize; 2]) -> Self {
        if self.dims.len() == 2 {
            return self.clone();
        }
        let split =
            |strides: &Vec<usize>| strides.iter().flat_map(|&stride| [stride * dims[1], stride]).collect();
        Self { dims: dims.to_vec(), strides: self.strides.iter().map(split).collect() }
    }
}

/// The strides of a dense row-major array.
pub(crate) fn dense(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// The strides, in a space of `rank` axes, of an array with strides of its own whose axis `i` is axis `axes[i]` of the space.
pub(crate) fn along(own: &[usize], axes: &[usize], rank: usize) -> Vec<usize> {
    let mut strides = vec![0; rank];
    for (&axis, &stride) in axes.iter().zip(own) {
        strides[axis] = stride;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collapse(dims: &[usize], operands: &[&[usize]]) -> (Vec<usize>, Vec<Vec<usize>>) {
        let operands = operands.iter().map(|axes| {
            let own: Vec<usize> = axes.iter().map(|&a| dims[a]).collect();
            along(&dense(&own), axes, dims.len())
        });
        let space = Space { dims: dims.to_vec(), strides: operands.collect() }.collapsed();
        (space.dims, space.strides)
    }

    #[test]
    fn dense_operands_become_one_axis() {
        assert_eq!(collapse(&[4, 5, 6], &[&[0, 1, 2], &[0, 1, 2]]), (vec![120], vec![vec![1], vec![1]]));
    }

    #[test]
    fn a_row_vector_keeps_two_axes_and_a_batch_of_one_none() {
        assert_eq!(collapse(&[4, 5], &[&[0, 1], &[1]]), (vec![4, 5], vec![vec![5, 1], vec![0, 1]]));
        assert_eq!(collapse(&[1, 5], &[&[0, 1], &[1]]), (vec![5], vec![vec![1], vec![1]]));
    }

    #[test]
    fn scalars_have_no_axis() {
        assert_eq!(collapse(&[], &[&[]]), (vec![], vec![vec![]]));
        assert_eq!(collapse(&[1, 1], &[&[0, 1]]), (vec![], vec![vec![]]));
    }

    #[test]
    fn a_vector_repeated_along_the_outer_axes_keeps_its_own() {
        assert_eq!(collapse(&[2, 3, 4], &[&[0, 1, 2], &[2]]), (vec![6, 4], vec![vec![4, 1], vec![0, 1]]));
    }
}
