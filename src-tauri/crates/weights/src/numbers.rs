//! How the numbers of a layer are kept.

/// What the layers are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Integers from -64 to 64 and a scale for each number that comes out; what goes in is made integers of eight bits
    /// while it runs. With an eighth bit, processors without an instruction for it (x86-64 before VNNI) overflow
    /// between two additions.
    Bits7,
    /// The numbers of the package as they are, to measure the others by.
    Whole,
}

const MOST: f32 = 64.0;

/// A layer's weights, a column for each number that comes out.
#[derive(Debug)]
pub(crate) struct Columns<N> {
    pub(crate) numbers: Vec<N>,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

/// `rows` holds a row for each number that comes out.
pub(crate) fn columns(rows: &[f32], inputs: usize) -> Columns<f32> {
    let outputs = rows.len() / inputs.max(1);
    let numbers = (0..inputs)
        .flat_map(|input| rows.iter().skip(input).step_by(inputs).copied())
        .collect();
    Columns {
        numbers,
        inputs,
        outputs,
    }
}

/// The same as integers, and what each column's are to be multiplied by.
pub(crate) fn integers(rows: &[f32], inputs: usize) -> (Columns<i8>, Vec<f32>) {
    let mut scales = Vec::new();
    let mut rounded = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(inputs.max(1)) {
        let largest = row
            .iter()
            .fold(0.0_f32, |most, number| most.max(number.abs()));
        let scale = if largest > 0.0 { largest / MOST } else { 1.0 };
        scales.push(scale);
        rounded.extend(row.iter().map(|number| (number / scale).round()));
    }
    let whole = columns(&rounded, inputs);
    let narrow = Columns {
        numbers: whole.numbers.iter().map(|number| *number as i8).collect(),
        inputs: whole.inputs,
        outputs: whole.outputs,
    };
    (narrow, scales)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_a_scale_of_its_own_and_no_more_than_seven_bits() {
        // Two numbers come out, of three that go in.
        let rows = [0.5, -1.0, 0.25, 0.001, 0.0, -0.002];
        let (columns, scales) = integers(&rows, 3);
        assert_eq!((columns.inputs, columns.outputs), (3, 2));
        assert_eq!(
            columns.numbers,
            [32, 32, -64, 0, 16, -64],
            "a row for each number that goes in"
        );
        assert_eq!(scales, [1.0 / 64.0, 0.002 / 64.0]);
    }

    #[test]
    fn a_column_of_nothing_stays_nothing() {
        let (columns, scales) = integers(&[0.0, 0.0], 2);
        assert_eq!((columns.numbers, scales), (vec![0, 0], vec![1.0]));
    }
}
