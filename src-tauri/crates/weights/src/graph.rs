//! The layers of the model as an ONNX graph: those of BERT (Devlin et al., 2018), as `e5.c` runs them too.
//!
//! Rows of tokens come in with their places added, and a mask that is 0 for each token. Questions, keys and values
//! of a layer are made in one step, and what attention is divided by is in the weights of the questions already.

use prost::Message;

use crate::numbers::{Precision, columns, integers};
use crate::onnx::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, Shape, Size, Tensor, TensorType, Type,
    Value, attribute_type, data_type,
};
use crate::package::{Error, HEADS, INNER, LAYERS, Package, WIDTH};

/// The versions of ONNX that this is written in. The first has GELU as an operator.
const OPERATORS: i64 = 20;
const FORMAT: i64 = 9;

const HEAD_WIDTH: usize = WIDTH / HEADS;

/// The graph, as the file holds it.
pub(crate) fn layers(package: &Package<'_>, precision: Precision) -> Result<Vec<u8>, Error> {
    let mut made = Made {
        package,
        precision,
        nodes: Vec::new(),
        tensors: Vec::new(),
    };
    made.constants();
    let mut rows = made.normed("rows".to_owned(), "emb.ln")?;
    for layer in 0..LAYERS {
        rows = made.layer(layer, rows)?;
    }
    if let Some(last) = made.nodes.last_mut() {
        last.output = vec!["states".to_owned()];
    }
    let named = |name: &str| dimension(Size::Named(name.to_owned()));
    let fixed = |size: usize| dimension(Size::Fixed(size as i64));
    let rows = [named("texts"), named("tokens"), fixed(WIDTH)];
    let mask = [named("texts"), fixed(1), fixed(1), named("tokens")];
    let model = Model {
        ir_version: FORMAT,
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: OPERATORS,
        }],
        graph: Some(Graph {
            name: "multilingual-e5-small".to_owned(),
            node: made.nodes,
            initializer: made.tensors,
            input: vec![value("rows", rows.clone()), value("mask", mask)],
            output: vec![value("states", rows)],
        }),
    };
    Ok(model.encode_to_vec())
}

struct Made<'p, 'b> {
    package: &'p Package<'b>,
    precision: Precision,
    nodes: Vec<Node>,
    tensors: Vec<Tensor>,
}

impl Made<'_, '_> {
    fn constants(&mut self) {
        let (width, heads, head) = (WIDTH as i64, HEADS as i64, HEAD_WIDTH as i64);
        // A 0 leaves a size as it is.
        self.integers("in_heads", &[0, 0, heads, head]);
        self.integers("together", &[0, 0, width]);
        self.integers("thirds", &[width; 3]);
        self.tensors.push(Tensor {
            dims: Vec::new(),
            data_type: data_type::INT8,
            name: "no_shift".to_owned(),
            raw_data: vec![0],
        });
    }

    fn layer(&mut self, layer: usize, rows: String) -> Result<String, Error> {
        let seen = self.attention(layer, &rows)?;
        let seen = self.dense(&format!("l{layer}.ao"), [WIDTH, WIDTH], &seen)?;
        let rows = self.node("Add", [seen, rows]);
        let rows = self.normed(rows, &format!("l{layer}.aln"))?;
        let inner = self.dense(&format!("l{layer}.fi"), [WIDTH, INNER], &rows)?;
        let inner = self.node("Gelu", [inner]);
        let outer = self.dense(&format!("l{layer}.fo"), [INNER, WIDTH], &inner)?;
        let rows = self.node("Add", [outer, rows]);
        self.normed(rows, &format!("l{layer}.oln"))
    }

    fn attention(&mut self, layer: usize, rows: &str) -> Result<String, Error> {
        let mut weights = Vec::new();
        let mut added = Vec::new();
        for (name, factor) in [
            ("q", 1.0 / (HEAD_WIDTH as f32).sqrt()),
            ("k", 1.0),
            ("v", 1.0),
        ] {
            let of = |kind: &str| format!("l{layer}.{name}.{kind}");
            let numbers = self.package.numbers(&of("w"), WIDTH * WIDTH)?;
            weights.extend(numbers.iter().map(|number| number * factor));
            let numbers = self.package.numbers(&of("b"), WIDTH)?;
            added.extend(numbers.iter().map(|number| number * factor));
        }
        let all = self.multiplied(&format!("l{layer}.qkv"), &weights, &added, WIDTH, rows);
        let thirds: Vec<String> = ["q", "k", "v"]
            .map(|name| format!("l{layer}.{name}"))
            .into();
        self.nodes.push(Node {
            input: vec![all, "thirds".to_owned()],
            output: thirds.clone(),
            name: format!("l{layer}.split"),
            op_type: "Split".to_owned(),
            attribute: vec![whole("axis", -1)],
        });
        let heads: Vec<String> = thirds
            .into_iter()
            .zip([[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]])
            .map(|(third, order)| {
                let heads = self.node("Reshape", [third, "in_heads".to_owned()]);
                self.node_with("Transpose", [heads], [wholes("perm", &order)])
            })
            .collect();
        let [questions, keys, values] =
            <[String; 3]>::try_from(heads).map_err(|_| Error::Form("attention"))?;
        let alike = self.node("MatMul", [questions, keys]);
        let masked = self.node("Add", [alike, "mask".to_owned()]);
        let shares = self.node_with("Softmax", [masked], [whole("axis", -1)]);
        let seen = self.node("MatMul", [shares, values]);
        let seen = self.node_with("Transpose", [seen], [wholes("perm", &[0, 2, 1, 3])]);
        Ok(self.node("Reshape", [seen, "together".to_owned()]))
    }

    /// One of the package's layers, by how many numbers go in and come out.
    fn dense(
        &mut self,
        name: &str,
        [inputs, outputs]: [usize; 2],
        rows: &str,
    ) -> Result<String, Error> {
        let weights = format!("{name}.w");
        let weights = self.package.numbers(&weights, inputs * outputs)?;
        let added = self.package.numbers(&format!("{name}.b"), outputs)?;
        Ok(self.multiplied(name, &weights, &added, inputs, rows))
    }

    /// Rows times weights, and numbers added. `weights` holds a row for each number that comes out.
    fn multiplied(
        &mut self,
        name: &str,
        weights: &[f32],
        added: &[f32],
        inputs: usize,
        rows: &str,
    ) -> String {
        let product = match self.precision {
            Precision::Whole => {
                let columns = columns(weights, inputs);
                let sizes = [columns.inputs, columns.outputs];
                let weights = self.floats(&format!("{name}.w"), &sizes, &columns.numbers);
                self.node("MatMul", [rows.to_owned(), weights])
            }
            Precision::Bits7 => {
                let (columns, scales) = integers(weights, inputs);
                let weights = format!("{name}.w");
                self.tensors.push(Tensor {
                    dims: vec![columns.inputs as i64, columns.outputs as i64],
                    data_type: data_type::INT8,
                    name: weights.clone(),
                    raw_data: columns
                        .numbers
                        .iter()
                        .map(|number| number.cast_unsigned())
                        .collect(),
                });
                let scales = self.floats(&format!("{name}.s"), &[scales.len()], &scales);
                let [rounded, scale, shift] =
                    ["rounded", "scale", "shift"].map(|what| format!("{name}.{what}"));
                self.nodes.push(Node {
                    input: vec![rows.to_owned()],
                    output: vec![rounded.clone(), scale.clone(), shift.clone()],
                    name: format!("{name}.round"),
                    op_type: "DynamicQuantizeLinear".to_owned(),
                    attribute: Vec::new(),
                });
                let scale = self.node("Mul", [scale, scales]);
                let no_shift = "no_shift".to_owned();
                let product = self.node("MatMulInteger", [rounded, weights, shift, no_shift]);
                let to_float = whole("to", i64::from(data_type::FLOAT));
                let product = self.node_with("Cast", [product], [to_float]);
                self.node("Mul", [product, scale])
            }
        };
        let added = self.floats(&format!("{name}.b"), &[added.len()], added);
        self.node("Add", [product, added])
    }

    fn normed(&mut self, rows: String, name: &str) -> Result<String, Error> {
        let mut numbers = |kind: &str| {
            let name = format!("{name}.{kind}");
            let numbers = self.package.numbers(&name, WIDTH)?;
            Ok::<_, Error>(self.floats(&name, &[WIDTH], &numbers))
        };
        let (factors, added) = (numbers("w")?, numbers("b")?);
        let least = Attribute {
            name: "epsilon".to_owned(),
            f: Some(self.package.least_variance),
            i: None,
            ints: Vec::new(),
            r#type: attribute_type::FLOAT,
        };
        let inputs = [rows, factors, added];
        Ok(self.node_with("LayerNormalization", inputs, [whole("axis", -1), least]))
    }

    fn node<const N: usize>(&mut self, operator: &str, inputs: [String; N]) -> String {
        self.node_with(operator, inputs, [])
    }

    /// Adds a node and answers the name of what comes out of it.
    fn node_with<const N: usize, const A: usize>(
        &mut self,
        operator: &str,
        inputs: [String; N],
        attributes: [Attribute; A],
    ) -> String {
        let name = format!("{operator}.{}", self.nodes.len());
        self.nodes.push(Node {
            input: inputs.into(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.to_owned(),
            attribute: attributes.into(),
        });
        name
    }

    fn floats(&mut self, name: &str, sizes: &[usize], numbers: &[f32]) -> String {
        self.tensors.push(Tensor {
            dims: sizes.iter().map(|size| *size as i64).collect(),
            data_type: data_type::FLOAT,
            name: name.to_owned(),
            raw_data: numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        });
        name.to_owned()
    }

    fn integers(&mut self, name: &str, numbers: &[i64]) {
        self.tensors.push(Tensor {
            dims: vec![numbers.len() as i64],
            data_type: data_type::INT64,
            name: name.to_owned(),
            raw_data: numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        });
    }
}

fn whole(name: &str, number: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f: None,
        i: Some(number),
        ints: Vec::new(),
        r#type: attribute_type::INT,
    }
}

fn wholes(name: &str, numbers: &[i64]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f: None,
        i: None,
        ints: numbers.to_vec(),
        r#type: attribute_type::INTS,
    }
}

fn dimension(size: Size) -> Dimension {
    Dimension { size: Some(size) }
}

fn value<const N: usize>(name: &str, dimensions: [Dimension; N]) -> Value {
    Value {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: data_type::FLOAT,
                shape: Some(Shape {
                    dim: dimensions.into(),
                }),
            }),
        }),
    }
}
