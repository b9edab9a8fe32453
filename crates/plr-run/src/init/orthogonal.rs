//! Matrices with orthonormal rows or columns.

/// Rows for columns.
pub fn transpose(matrix: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|j| matrix.iter().skip(j).step_by(columns)).copied().collect()
}

/// Orthonormal rows from Gaussian ones, or columns if there are more rows than columns: without preferred direction,
/// because the Gaussian has none.
pub fn orthogonal(gaussian: Vec<f64>, columns: usize) -> Vec<f64> {
    let rows = gaussian.len() / columns.max(1);
    if rows > columns {
        return transpose(&orthogonal(transpose(&gaussian, columns), rows), rows);
    }
    let mut done: Vec<f64> = Vec::with_capacity(gaussian.len());
    for row in gaussian.chunks(columns.max(1)) {
        let mut row = row.to_vec();
        // Gram and Schmidt's method loses orthogonality to rounding; done twice, it does not (Giraud et al. 2005).
        for _ in 0..2 {
            for before in done.chunks(columns) {
                let along: f64 = row.iter().zip(before).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(before).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        done.extend(row.iter().map(|a| a / norm));
    }
    done
}
