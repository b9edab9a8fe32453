//! NPY arrays, the members of an NPZ archive (numpy.lib.format, versions 1 to 3).
//!
//! Our own reader and not a library's: the shape in a header is compared with the bytes that are there before memory
//! is taken for it, and the header is read without recursion, so that no file can exhaust memory or the stack.

use std::fmt;
use std::io::{self, Read, Write};

use plr_ir::tensor::{Data, Tensor};

use super::bytes::{Failure, elements, read_at_most, size};
use super::table::level;

/// Why bytes are not an NPY array that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NpyFault {
    /// The bytes do not begin with `\x93NUMPY` and a version from 1 to 3.
    Magic,
    /// The header is not a dictionary of `descr`, `fortran_order` and `shape`.
    Header {
        /// Where in the header the unexpected text begins.
        offset: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// The bytes end inside the header.
    HeaderTruncated,
    /// The element type is not one of those that are read.
    ElementType {
        /// The type in the header.
        found: String,
    },
    /// The elements do not fill the shape, or go on behind it.
    Size {
        /// The shape in the header.
        dims: Vec<usize>,
        /// Bytes that it needs.
        expected: usize,
        /// Bytes that are there; no more than one more than `expected` is read.
        found: usize,
    },
    /// The shape needs more bytes than can be counted.
    Impossible {
        /// The shape in the header.
        dims: Vec<usize>,
    },
    /// The array has another number of dimensions than its use asks for.
    Rank {
        /// What it should be.
        expected: &'static str,
        /// The shape in the header.
        found: Vec<usize>,
    },
}

/// An array of a file: row-major, in the element type of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The dimensions, outermost first; empty for a scalar.
    pub dims: Vec<usize>,
    /// As many elements as the product of the dimensions.
    pub elements: Elements,
}

/// The elements of an [`Array`] by type.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// `u1`.
    U8(Vec<u8>),
    /// `b1`, as 0 and 1, and all integers but bytes.
    I64(Vec<i64>),
    /// `f2` and `f4`.
    F32(Vec<f32>),
    /// `f8`.
    F64(Vec<f64>),
}

impl Array {
    /// The same numbers as a tensor of real numbers: `f2` and `f4` become f32, all others f64.
    pub fn into_tensor(self) -> Tensor {
        let data = match self.elements {
            Elements::U8(values) => Data::F64(values.into_iter().map(f64::from).collect()),
            Elements::I64(values) => Data::F64(values.into_iter().map(|v| v as f64).collect()),
            Elements::F32(values) => Data::F32(values),
            Elements::F64(values) => Data::F64(values),
        };
        Tensor { dims: self.dims, data }
    }

    /// The same of samples: bytes are grey levels (R17.3).
    pub fn into_samples(self) -> Tensor {
        let Elements::U8(values) = self.elements else { return self.into_tensor() };
        Tensor { dims: self.dims, data: Data::F64(values.into_iter().map(level).collect()) }
    }
}

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Headers are a line of text; a file that claims more than this is not NPY.
const LONGEST_HEADER: usize = 1 << 16;

/// Reads one array.
pub(super) fn decode(mut source: impl Read) -> Result<Array, Failure<NpyFault>> {
    let header = read_header(&mut source)?;
    let Header { kind, big_endian, fortran_order, dims } = parse_header(&header).map_err(Failure::Fault)?;
    let Some(expected) = size(&dims, kind.width()) else {
        return Err(Failure::Fault(NpyFault::Impossible { dims }));
    };
    let body = read_at_most(&mut source, expected.saturating_add(1))?;
    if body.len() != expected {
        return Err(Failure::Fault(NpyFault::Size { dims, expected, found: body.len() }));
    }
    let elements = typed(kind, big_endian, body);
    let elements = if fortran_order { row_major(elements, &dims) } else { elements };
    Ok(Array { dims, elements })
}

/// Writes one array: version 1, little-endian, row-major, the header padded so that the elements start at a
/// multiple of 64 bytes.
pub(super) fn encode(tensor: &Tensor, out: &mut impl Write) -> io::Result<()> {
    let descr = match tensor.data {
        Data::F32(_) => "<f4",
        Data::F64(_) => "<f8",
    };
    let sides: String = tensor.dims.iter().map(|side| format!("{side}, ")).collect();
    // Python reads `(3)` as a number and `(3, )` as a tuple; a trailing comma is right for every rank but 0.
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", sides.trim_end());
    let prefix = MAGIC.len() + 4;
    let padded = (prefix + header.len() + 1).next_multiple_of(64) - prefix;
    header.push_str(&" ".repeat(padded - header.len() - 1));
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "an array has too many dimensions for NPY")
    })?;
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    match &tensor.data {
        Data::F32(values) => values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes())),
        Data::F64(values) => values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes())),
    }
}

/// The element types that are read.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    U8,
    I8,
    I16,
    U16,
    F16,
    U32,
    I32,
    I64,
    U64,
    F32,
    F64,
}

impl Kind {
    fn width(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

struct Header {
    kind: Kind,
    big_endian: bool,
    fortran_order: bool,
    dims: Vec<usize>,
}

/// The text of the header.
fn read_header(source: &mut impl Read) -> Result<Vec<u8>, Failure<NpyFault>> {
    let prefix = read_at_most(source, MAGIC.len() + 2)?;
    let length_bytes = match prefix.strip_prefix(MAGIC) {
        Some([1, _]) => 2,
        Some([2 | 3, _]) => 4,
        _ => return Err(Failure::Fault(NpyFault::Magic)),
    };
    let bytes = read_at_most(source, length_bytes)?;
    if bytes.len() < length_bytes {
        return Err(Failure::Fault(NpyFault::HeaderTruncated));
    }
    let length = bytes.iter().rev().fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
    if length > LONGEST_HEADER {
        return Err(Failure::Fault(NpyFault::Header {
            offset: 0,
            expected: "a header of at most 65536 bytes",
        }));
    }
    let header = read_at_most(source, length)?;
    if header.len() < length { Err(Failure::Fault(NpyFault::HeaderTruncated)) } else { Ok(header) }
}

fn parse_header(text: &[u8]) -> Result<Header, NpyFault> {
    let mut scanner = Scanner { text, at: 0 };
    let (mut descr, mut fortran_order, mut dims) = (None, None, None);
    scanner.expect(b"{", "`{`")?;
    while !scanner.accept(b"}") {
        let key = scanner.string()?;
        scanner.expect(b":", "`:`")?;
        match key {
            b"descr" => descr = Some(element_type(scanner.string()?)?),
            b"fortran_order" => fortran_order = Some(scanner.boolean()?),
            b"shape" => dims = Some(scanner.tuple()?),
            _ => return Err(scanner.fault("`descr`, `fortran_order` or `shape`")),
        }
        if !scanner.accept(b",") {
            scanner.expect(b"}", "`,` or `}`")?;
            break;
        }
    }
    match (descr, fortran_order, dims) {
        (Some((kind, big_endian)), Some(fortran_order), Some(dims)) => {
            Ok(Header { kind, big_endian, fortran_order, dims })
        }
        _ => Err(scanner.fault("all of `descr`, `fortran_order` and `shape`")),
    }
}

/// The element type and whether it is big-endian.
fn element_type(descr: &[u8]) -> Result<(Kind, bool), NpyFault> {
    let unknown = || NpyFault::ElementType { found: String::from_utf8_lossy(descr).into_owned() };
    let (order, name) = descr.split_first().ok_or_else(unknown)?;
    let kind = match name {
        b"b1" => Kind::Bool,
        b"u1" => Kind::U8,
        b"i1" => Kind::I8,
        b"i2" => Kind::I16,
        b"u2" => Kind::U16,
        b"f2" => Kind::F16,
        b"u4" => Kind::U32,
        b"i4" => Kind::I32,
        b"i8" => Kind::I64,
        b"u8" => Kind::U64,
        b"f4" => Kind::F32,
        b"f8" => Kind::F64,
        _ => return Err(unknown()),
    };
    match order {
        b'<' | b'|' => Ok((kind, false)),
        b'>' => Ok((kind, true)),
        _ => Err(unknown()),
    }
}

fn typed(kind: Kind, big_endian: bool, body: Vec<u8>) -> Elements {
    match (kind, big_endian) {
        (Kind::Bool, _) => Elements::I64(elements(&body, |[b]| i64::from(b != 0))),
        (Kind::U8, _) => Elements::U8(body),
        (Kind::I8, _) => Elements::I64(elements(&body, |b| i64::from(i8::from_le_bytes(b)))),
        (Kind::I16, false) => Elements::I64(elements(&body, |b| i64::from(i16::from_le_bytes(b)))),
        (Kind::I16, true) => Elements::I64(elements(&body, |b| i64::from(i16::from_be_bytes(b)))),
        (Kind::U16, false) => Elements::I64(elements(&body, |b| i64::from(u16::from_le_bytes(b)))),
        (Kind::U16, true) => Elements::I64(elements(&body, |b| i64::from(u16::from_be_bytes(b)))),
        (Kind::F16, false) => Elements::F32(elements(&body, |b| half(u16::from_le_bytes(b)))),
        (Kind::F16, true) => Elements::F32(elements(&body, |b| half(u16::from_be_bytes(b)))),
        (Kind::U32, false) => Elements::I64(elements(&body, |b| i64::from(u32::from_le_bytes(b)))),
        (Kind::U32, true) => Elements::I64(elements(&body, |b| i64::from(u32::from_be_bytes(b)))),
        (Kind::I32, false) => Elements::I64(elements(&body, |b| i64::from(i32::from_le_bytes(b)))),
        (Kind::I32, true) => Elements::I64(elements(&body, |b| i64::from(i32::from_be_bytes(b)))),
        (Kind::I64, false) => Elements::I64(elements(&body, i64::from_le_bytes)),
        (Kind::I64, true) => Elements::I64(elements(&body, i64::from_be_bytes)),
        (Kind::U64, false) => unsigned(&elements(&body, u64::from_le_bytes)),
        (Kind::U64, true) => unsigned(&elements(&body, u64::from_be_bytes)),
        (Kind::F32, false) => Elements::F32(elements(&body, f32::from_le_bytes)),
        (Kind::F32, true) => Elements::F32(elements(&body, f32::from_be_bytes)),
        (Kind::F64, false) => Elements::F64(elements(&body, f64::from_le_bytes)),
        (Kind::F64, true) => Elements::F64(elements(&body, f64::from_be_bytes)),
    }
}

/// Integers, if they all are among those of 64 bits with a sign.
fn unsigned(values: &[u64]) -> Elements {
    match values.iter().map(|&v| i64::try_from(v)).collect() {
        Ok(integers) => Elements::I64(integers),
        Err(_) => Elements::F64(values.iter().map(|&v| v as f64).collect()),
    }
}

/// The number that 16 bits are (IEEE 754, binary16): exact in f32.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let magnitude = match exponent {
        // Without the leading 1: fraction · 2⁻²⁴.
        0 => (fraction as f32 / (1_u32 << 24) as f32).to_bits(),
        31 => 255 << 23 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// Column-major elements in row-major order.
fn row_major(elements: Elements, dims: &[usize]) -> Elements {
    match elements {
        Elements::U8(values) => Elements::U8(transposed(&values, dims)),
        Elements::I64(values) => Elements::I64(transposed(&values, dims)),
        Elements::F32(values) => Elements::F32(transposed(&values, dims)),
        Elements::F64(values) => Elements::F64(transposed(&values, dims)),
    }
}

fn transposed<T: Copy>(values: &[T], dims: &[usize]) -> Vec<T> {
    let mut index = vec![0_usize; dims.len()];
    let mut ordered = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let from = index.iter().zip(dims).rev().fold(0, |offset, (&i, &side)| offset * side + i);
        ordered.push(values[from]);
        for (i, &side) in index.iter_mut().zip(dims).rev() {
            *i += 1;
            if *i < side {
                break;
            }
            *i = 0;
        }
    }
    ordered
}

/// The few literals of Python that a header consists of.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn fault(&self, expected: &'static str) -> NpyFault {
        NpyFault::Header { offset: self.at, expected }
    }

    fn rest(&mut self) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_ascii_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn accept(&mut self, token: &[u8]) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &[u8], expected: &'static str) -> Result<(), NpyFault> {
        if self.accept(token) { Ok(()) } else { Err(self.fault(expected)) }
    }

    /// A string in single or double quotes, without escapes.
    fn string(&mut self) -> Result<&'a [u8], NpyFault> {
        let rest = self.rest();
        let [quote @ (b'\'' | b'"'), inside @ ..] = rest else { return Err(self.fault("a string")) };
        let Some(length) = inside.iter().position(|byte| byte == quote) else {
            return Err(self.fault("a string that ends"));
        };
        self.at += length + 2;
        Ok(&inside[..length])
    }

    fn boolean(&mut self) -> Result<bool, NpyFault> {
        if self.accept(b"True") {
            Ok(true)
        } else if self.accept(b"False") {
            Ok(false)
        } else {
            Err(self.fault("`True` or `False`"))
        }
    }

    /// A tuple of counts.
    fn tuple(&mut self) -> Result<Vec<usize>, NpyFault> {
        self.expect(b"(", "`(`")?;
        let mut counts = Vec::new();
        while !self.accept(b")") {
            counts.push(self.count()?);
            if !self.accept(b",") {
                self.expect(b")", "`,` or `)`")?;
                break;
            }
        }
        Ok(counts)
    }

    fn count(&mut self) -> Result<usize, NpyFault> {
        let rest = self.rest();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = str::from_utf8(&rest[..digits]).unwrap_or_default();
        let count = text.parse().map_err(|_| self.fault("a count below 2^64"))?;
        self.at += digits;
        Ok(count)
    }
}

impl fmt::Display for NpyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => write!(f, "it does not begin with `\\x93NUMPY` and a version from 1 to 3"),
            Self::Header { offset, expected } => write!(f, "its header lacks {expected} at offset {offset}"),
            Self::HeaderTruncated => write!(f, "it ends inside its header"),
            Self::ElementType { found } => {
                write!(
                    f,
                    "its element type is `{found}`, which is none of booleans, integers and reals of up to 8 bytes"
                )
            }
            Self::Size { dims, expected, found } if found < expected => {
                write!(f, "the shape {dims:?} needs {expected} bytes of elements, but only {found} are there")
            }
            Self::Size { dims, expected, .. } => {
                write!(f, "it goes on behind the {expected} bytes of elements that the shape {dims:?} needs")
            }
            Self::Impossible { dims } => write!(f, "no file can hold the shape {dims:?}"),
            Self::Rank { expected, found } => {
                write!(f, "it should be {expected}, but its shape is {found:?}")
            }
        }
    }
}
