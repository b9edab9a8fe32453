//! The readers against bytes written out by hand from each format's specification.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use plr_ir::Tensor;
use plr_ir::scalar::Precision;
use plr_run::data::csv::{self, CsvFault, CsvTargets};
use plr_run::data::idx::{self, IdxElements, IdxFault};
use plr_run::data::npy::{Elements, NpyFault};
use plr_run::data::npz::{self, NpzFault};
use plr_run::data::{Cells, ContentFault, DataError, Dataset, Sets, Source, Table, Targets, load};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX file of the given type code, dimensions and big-endian elements.
fn idx_bytes(code: u8, dims: &[u32], body: &[u8]) -> Vec<u8> {
    let sides: Vec<u8> = dims.iter().flat_map(|side| side.to_be_bytes()).collect();
    [&[0, 0, code, dims.len() as u8], sides.as_slice(), body].concat()
}

/// An NPY array of version 1 with the given header fields and elements.
fn npy_bytes(descr: &str, fortran: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", (header.len() as u16).to_le_bytes().as_slice(), header.as_bytes(), body].concat()
}

fn archive(path: &Path, members: &[(&str, Vec<u8>)]) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for (number, (name, bytes)) in members.iter().enumerate() {
        let method =
            if number % 2 == 0 { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        archive
            .start_file(format!("{name}.npy"), SimpleFileOptions::default().compression_method(method))
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

fn numbers(data: &Dataset) -> Vec<f64> {
    (0..data.inputs().cells().len()).map(|i| data.inputs().cells().get(i)).collect()
}

fn content_fault<T: std::fmt::Debug>(result: Result<T, DataError>) -> ContentFault {
    match result {
        Err(DataError::Contents { fault, .. }) => fault,
        other => panic!("expected a fault of the contents, got {other:?}"),
    }
}

#[test]
fn idx_elements_of_every_type() {
    let directory = directory("idx_types");
    let cases = [
        (idx_bytes(0x08, &[2], &[1, 255]), IdxElements::U8(vec![1, 255])),
        (idx_bytes(0x09, &[2], &[1, 255]), IdxElements::I8(vec![1, -1])),
        (idx_bytes(0x0B, &[2], &[1, 2, 0xFF, 0xFE]), IdxElements::I16(vec![258, -2])),
        (idx_bytes(0x0C, &[1], &[0, 1, 0, 0]), IdxElements::I32(vec![65536])),
        (idx_bytes(0x0D, &[1], &[0x3F, 0xC0, 0, 0]), IdxElements::F32(vec![1.5])),
        (idx_bytes(0x0E, &[1], &[0xC0, 0x04, 0, 0, 0, 0, 0, 0]), IdxElements::F64(vec![-2.5])),
    ];
    for (bytes, elements) in cases {
        assert_eq!(idx::read_file(&write(&directory, "plain", &bytes)).unwrap().elements, elements);
        assert_eq!(
            idx::read_file(&write(&directory, "packed.gz", &gzipped(&bytes))).unwrap().elements,
            elements
        );
    }
}

#[test]
fn an_idx_directory_by_either_name_plain_or_packed() {
    let directory = directory("idx_directory");
    write(&directory, "train-images-idx3-ubyte", &idx_bytes(8, &[3, 1, 2], &[0, 255, 51, 0, 0, 102]));
    write(&directory, "train-labels.idx1-ubyte", &idx_bytes(8, &[3], &[4, 0, 1]));
    let (train, test) = idx::read_directory(&directory).unwrap();
    assert!(test.is_none());
    assert_eq!((train.sample_shape(), train.outputs()), (&[1, 2][..], 5));
    assert_eq!(numbers(&train), [0.0, 1.0, 0.2, 0.0, 0.0, 0.4]);

    write(&directory, "t10k-images.idx3-ubyte.gz", &gzipped(&idx_bytes(8, &[1, 1, 2], &[255, 255])));
    let Err(DataError::MissingIdxFile { name, .. }) = idx::read_directory(&directory) else {
        panic!("no labels")
    };
    assert_eq!(name, "t10k-labels-idx1-ubyte");
    write(&directory, "t10k-labels-idx1-ubyte.gz", &gzipped(&idx_bytes(8, &[1], &[3])));
    let splits = load(&Source::from_path(&directory).unwrap(), Some(1)).unwrap();
    assert_eq!((splits.train.samples(), splits.test_samples()), (2, 1));
    assert_eq!(splits.into_test().unwrap().outputs(), 5, "the test set has the classes of the training set");

    write(&directory, "t10k-labels-idx1-ubyte.gz", &gzipped(&idx_bytes(8, &[1], &[5])));
    let splits = load(&Source::from_path(&directory).unwrap(), Some(1)).unwrap();
    assert_eq!(splits.train.outputs(), 6, "the training set has the classes of the test set");
    write(&directory, "train-labels.idx1-ubyte", &idx_bytes(9, &[3], &[0, 0, 254]));
    let fault = content_fault(idx::read_directory(&directory));
    assert!(matches!(fault, ContentFault::LabelOutOfRange { sample: 2, label: -2, .. }));
    write(&directory, "train-labels.idx1-ubyte", &idx_bytes(8, &[2], &[0, 0]));
    assert_eq!(
        content_fault(idx::read_directory(&directory)),
        ContentFault::CountsDiffer { inputs: 3, targets: 2 }
    );
    write(&directory, "train-labels.idx1-ubyte", &idx_bytes(8, &[3, 1], &[0, 0, 0]));
    assert!(matches!(
        idx::read_directory(&directory),
        Err(DataError::Idx { fault: IdxFault::Dimensions { .. }, .. })
    ));
    write(&directory, "train-images-idx3-ubyte", &idx_bytes(8, &[0, 28, 28], &[]));
    write(&directory, "train-labels.idx1-ubyte", &idx_bytes(8, &[0], &[]));
    assert_eq!(content_fault(idx::read_directory(&directory)), ContentFault::Empty);
}

#[test]
fn idx_faults_name_what_was_found() {
    let directory = directory("idx_faults");
    let fault = |bytes: &[u8]| match idx::read_file(&write(&directory, "file", bytes)) {
        Err(DataError::Idx { fault, .. }) => fault,
        other => panic!("expected an IDX fault, got {other:?}"),
    };
    assert_eq!(fault(b""), IdxFault::HeaderTruncated { found: 0, expected: 4 });
    assert_eq!(fault(b"\x1f\x8b\x08\x00"), IdxFault::Magic { found: [0x1f, 0x8b, 8, 0] });
    assert_eq!(fault(&[0, 0, 0x0A, 1, 0, 0, 0, 1, 0]), IdxFault::ElementType { found: 0x0A });
    assert_eq!(fault(&[0, 0, 8, 2, 0, 0, 0, 1]), IdxFault::HeaderTruncated { found: 8, expected: 12 });
    let short = IdxFault::Size { dims: vec![2, 2], expected: 16, found: 15 };
    assert_eq!(fault(&idx_bytes(0x0D, &[2, 2], &[0; 15])), short);
    let long = IdxFault::Size { dims: vec![2], expected: 2, found: 3 };
    assert_eq!(fault(&idx_bytes(8, &[2], &[0; 30])), long);
    let huge = [u32::MAX; 3];
    assert!(matches!(fault(&idx_bytes(8, &huge, &[0; 30])), IdxFault::Impossible { .. }));
    assert!(matches!(fault(&idx_bytes(8, &huge[..1], &[0; 30])), IdxFault::Size { found: 30, .. }));
    assert!(matches!(idx::read_file(&directory.join("none")), Err(DataError::Read { .. })));
    let cut = gzipped(&idx_bytes(8, &[2], &[0; 2]));
    assert!(idx::read_file(&write(&directory, "cut.gz", &cut[..cut.len() - 9])).is_err());
    let message =
        idx::read_file(&write(&directory, "file", &idx_bytes(8, &[2, 3], &[0; 5]))).unwrap_err().to_string();
    assert!(
        message.ends_with("the dimensions [2, 3] need 6 bytes of elements, but only 5 are there"),
        "{message}"
    );
}

#[test]
fn npz_arrays_of_every_type_and_order() {
    let path = directory("npz_types").join("arrays.npz");
    let floats: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    archive(
        &path,
        &[
            ("c", npy_bytes("<f4", "False", "(2, 3)", &floats)),
            ("fortran", npy_bytes("<f4", "True", "(2, 3)", &floats)),
            ("big", npy_bytes(">f8", "False", "(1,)", &1.5_f64.to_be_bytes())),
            ("bytes", npy_bytes("|u1", "False", "(2,)", &[7, 255])),
            ("long", npy_bytes("<i8", "False", "(1,)", &(-3_i64).to_le_bytes())),
            ("int", npy_bytes("<i4", "False", "(1,)", &(-3_i32).to_le_bytes())),
            ("unsigned", npy_bytes("<u8", "False", "(2,)", &[3_u64, 1 << 40].map(u64::to_le_bytes).concat())),
            ("beyond", npy_bytes(">u8", "False", "(1,)", &(1_u64 << 63).to_be_bytes())),
            ("scalar", npy_bytes("<f8", "False", "()", &0.1_f64.to_le_bytes())),
            ("none", npy_bytes("<f8", "False", "(0, 3)", &[])),
        ],
    );
    let arrays = npz::read_arrays(&path).unwrap();
    assert_eq!(arrays["c"].elements, Elements::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(arrays["fortran"].elements, Elements::F32(vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0]));
    assert_eq!(arrays["fortran"].dims, [2, 3]);
    assert_eq!(arrays["big"].elements, Elements::F64(vec![1.5]));
    assert_eq!(arrays["bytes"].elements, Elements::U8(vec![7, 255]));
    assert_eq!(arrays["long"].elements, Elements::I64(vec![-3]));
    assert_eq!(arrays["int"].elements, Elements::I64(vec![-3]));
    assert_eq!(arrays["unsigned"].elements, Elements::I64(vec![3, 1 << 40]));
    assert_eq!(arrays["beyond"].elements, Elements::F64(vec![(1_u64 << 63) as f64]));
    assert_eq!((arrays["scalar"].dims.len(), &arrays["scalar"].elements), (0, &Elements::F64(vec![0.1])));
    assert_eq!(arrays["none"].dims, [0, 3]);
    assert_eq!(arrays["bytes"].clone().into_tensor(), Tensor::from_f64([2], &[7.0, 255.0], Precision::F64));
    // R17.3: of samples they are grey levels.
    let levels = Tensor::from_f64([2], &[7.0 / 255.0, 1.0], Precision::F64);
    assert_eq!(arrays["bytes"].clone().into_samples(), levels);
}

#[test]
fn npz_arrays_written_are_read_back_and_begin_aligned() {
    let path = directory("npz_round_trip").join("out.npz");
    let tensors = BTreeMap::from([
        (
            "free/h1.s".to_owned(),
            Tensor::from_f64([2, 2], &[0.1, -0.0, 1e-40, f64::INFINITY], Precision::F32),
        ),
        ("W".to_owned(), Tensor::from_f64([3], &[0.1, 0.2, f64::MIN_POSITIVE], Precision::F64)),
        ("scalar".to_owned(), Tensor::from_f64([], &[4.0], Precision::F64)),
        ("empty".to_owned(), Tensor::from_f64([0, 7], &[], Precision::F32)),
    ]);
    npz::write_arrays(&path, &tensors).unwrap();
    let bytes = fs::read(&path).unwrap();
    let read = npz::read_arrays(&path).unwrap();
    let read: BTreeMap<String, Tensor> =
        read.into_iter().map(|(name, array)| (name, array.into_tensor())).collect();
    assert_eq!(read, tensors);
    npz::write_arrays(&path, &tensors).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes, "the same arrays give the same bytes");
    let header = bytes.windows(6).position(|window| window == b"\x93NUMPY").unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[header + 8], bytes[header + 9]]));
    assert_eq!((10 + length) % 64, 0);
    assert_eq!(bytes[header + 10 + length - 1], b'\n');
    for bad in [path.join("below"), path.with_file_name("no/where.npz"), PathBuf::new()] {
        assert!(matches!(npz::write_arrays(&bad, &tensors), Err(DataError::Write { .. })));
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn npz_data_sets() {
    let path = directory("npz_data").join("data.npz");
    let x = || npy_bytes("|u1", "False", "(3, 1, 2)", &[0, 255, 51, 0, 0, 102]);
    let f8 = |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let i8 = |values: &[i64]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let labels = npy_bytes("<i8", "False", "(3,)", &i8(&[2, 0, 1]));
    let x_test = npy_bytes("|u1", "False", "(1, 1, 2)", &[1, 2]);
    archive(
        &path,
        &[
            ("x", x()),
            ("y", labels.clone()),
            ("x_test", x_test.clone()),
            ("y_test", npy_bytes("|u1", "False", "(1,)", &[1])),
        ],
    );
    let Sets { train, test, .. } = npz::read_sets(&path).unwrap();
    assert_eq!((train.sample_shape(), train.outputs(), test.unwrap().outputs()), (&[1, 2][..], 3, 2));
    assert_eq!(numbers(&train), [0.0, 1.0, 0.2, 0.0, 0.0, 0.4]);

    archive(&path, &[("x", x()), ("y", npy_bytes("<f8", "False", "(3,)", &f8(&[0.5, 1.0, 2.0])))]);
    let train = npz::read_sets(&path).unwrap().train;
    assert!(matches!(train.targets(), Targets::Values(values) if values.columns() == 1));
    // R17.3: bytes are grey levels as targets too, unless they only say what is so.
    let of_bytes = |bytes: &[u8]| {
        archive(&path, &[("x", x()), ("y", npy_bytes("|u1", "False", "(3, 2)", bytes))]);
        npz::read_sets(&path).unwrap().train.targets().clone()
    };
    let values = |bytes: &[u8]| match of_bytes(bytes) {
        Targets::Values(table) => (0..6).map(|i| table.cells().get(i)).collect::<Vec<f64>>(),
        Targets::None | Targets::Labels { .. } => Vec::new(),
    };
    assert_eq!(values(&[0, 255, 51, 0, 0, 102]), [0.0, 1.0, 0.2, 0.0, 0.0, 0.4]);
    assert_eq!(values(&[0, 1, 1, 1, 0, 0]), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(of_bytes(&[0, 1, 1, 0, 0, 1]), Targets::Labels { labels: vec![1, 0, 1], classes: 2 });
    archive(&path, &[("x", x())]);
    assert_eq!(npz::read_sets(&path).unwrap().train.targets(), &Targets::None);

    archive(&path, &[("y", labels.clone())]);
    let Err(DataError::Npz { fault: NpzFault::MissingArray { name: "x", found }, .. }) =
        npz::read_sets(&path)
    else {
        panic!("x is missing");
    };
    assert_eq!(found, ["y"]);
    archive(&path, &[("x", x()), ("y", labels), ("x_test", x_test)]);
    assert!(matches!(
        npz::read_sets(&path),
        Err(DataError::Npz { fault: NpzFault::MissingArray { name: "y_test", .. }, .. })
    ));
    archive(&path, &[("x", npy_bytes("<f8", "False", "(3,)", &f8(&[0.0; 3])))]);
    assert!(matches!(npz::read_sets(&path), Err(DataError::Npy { fault: NpyFault::Rank { .. }, .. })));
    archive(&path, &[("x", npy_bytes("<f8", "False", "(1, 2)", &f8(&[0.0, f64::NAN])))]);
    assert!(matches!(content_fault(npz::read_sets(&path)), ContentFault::InputNotFinite { feature: 1, .. }));
    archive(&path, &[("x", x()), ("y", npy_bytes("<i8", "False", "(3,)", &i8(&[0, -1, 0])))]);
    assert!(matches!(
        content_fault(npz::read_sets(&path)),
        ContentFault::LabelOutOfRange { sample: 1, label: -1, .. }
    ));
    archive(&path, &[("x", x()), ("y", npy_bytes("<i8", "False", "(2,)", &i8(&[0, 1])))]);
    assert_eq!(content_fault(npz::read_sets(&path)), ContentFault::CountsDiffer { inputs: 3, targets: 2 });
    archive(&path, &[("x", npy_bytes("<f8", "False", "(0, 4)", &[]))]);
    assert_eq!(content_fault(npz::read_sets(&path)), ContentFault::Empty);
}

#[test]
fn npy_elements_of_every_plain_type() {
    let path = directory("npy_types").join("types.npz");
    let read = |descr: &str, shape: &str, elements: &[u8]| {
        archive(&path, &[("a", npy_bytes(descr, "False", shape, elements))]);
        npz::read_arrays(&path).unwrap().remove("a").unwrap().into_tensor().to_f64()
    };
    assert_eq!(read("|b1", "(3,)", &[0, 1, 1]), [0.0, 1.0, 1.0]);
    assert_eq!(read("|i1", "(2,)", &[0xFF, 5]), [-1.0, 5.0]);
    assert_eq!(read("<i2", "(2,)", &[0xFE, 0xFF, 0, 1]), [-2.0, 256.0]);
    assert_eq!(read(">u2", "(1,)", &[0xFF, 0xFE]), [65_534.0]);
    assert_eq!(read("<u4", "(1,)", &[0, 0, 0, 0x80]), [2_147_483_648.0]);
    // IEEE 754, binary16: the examples of the standard's table, and its smallest and largest numbers.
    let halves: [(u16, f64); 8] = [
        (0x3C00, 1.0),
        (0xC000, -2.0),
        (0x7BFF, 65_504.0),
        (0x0400, 6.103_515_625e-5),
        (0x0001, 5.960_464_477_539_063e-8),
        (0x3555, 0.333_251_953_125),
        (0x8000, -0.0),
        (0x7C00, f64::INFINITY),
    ];
    let bytes: Vec<u8> = halves.iter().flat_map(|(bits, _)| bits.to_le_bytes()).collect();
    assert_eq!(read("<f2", "(8,)", &bytes), halves.map(|(_, number)| number));
    assert!(read(">f2", "(1,)", &[0x7E, 0])[0].is_nan());
}

#[test]
fn targets_with_a_single_one_are_classes() {
    let path = directory("npz_one_hot").join("data.npz");
    let x = || npy_bytes("|b1", "False", "(3, 2)", &[0, 1, 1, 1, 0, 0]);
    let targets = |y: &[u8]| {
        archive(&path, &[("x", x()), ("y", npy_bytes("|u1", "False", "(3, 2)", y))]);
        let train = npz::read_sets(&path).unwrap().train;
        assert_eq!(numbers(&train), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0], "truth is 1, not a grey level");
        train.targets().clone()
    };
    assert_eq!(targets(&[0, 1, 1, 0, 1, 0]), Targets::Labels { labels: vec![1, 0, 0], classes: 2 });
    for other in [[0, 1, 1, 1, 1, 0], [0, 1, 2, 0, 1, 0], [0, 1, 0, 0, 1, 0]] {
        assert!(matches!(targets(&other), Targets::Values(_)), "{other:?}");
    }
    archive(&path, &[("x", x()), ("y", npy_bytes("|b1", "False", "(3,)", &[0, 1, 1]))]);
    let labels = Targets::Labels { labels: vec![0, 1, 1], classes: 2 };
    assert_eq!(npz::read_sets(&path).unwrap().train.targets(), &labels);
}

#[test]
fn npy_faults_name_what_was_found() {
    let path = directory("npy_faults").join("faults.npz");
    let fault = |bytes: Vec<u8>| {
        archive(&path, &[("a", bytes)]);
        match npz::read_arrays(&path) {
            Err(DataError::Npy { array, fault, .. }) => {
                assert_eq!(array, "a");
                fault
            }
            other => panic!("expected an NPY fault, got {other:?}"),
        }
    };
    assert_eq!(fault(b"not numpy".to_vec()), NpyFault::Magic);
    assert_eq!(fault(b"\x93NUMPY\x09\x00".to_vec()), NpyFault::Magic);
    assert_eq!(fault(b"\x93NUMPY\x01\x00\xff\x00{".to_vec()), NpyFault::HeaderTruncated);
    assert!(matches!(fault(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec()), NpyFault::Header { .. }));
    let dtype = NpyFault::ElementType { found: "<c16".to_owned() };
    assert_eq!(fault(npy_bytes("<c16", "False", "(1,)", &[0; 16])), dtype);
    let size = |dims: &[usize], expected, found| NpyFault::Size { dims: dims.to_vec(), expected, found };
    assert_eq!(fault(npy_bytes("<f8", "False", "(2,)", &[0; 15])), size(&[2], 16, 15));
    assert_eq!(fault(npy_bytes("<f8", "False", "(2,)", &[0; 99])), size(&[2], 16, 17));
    let tera = 1_usize << 45;
    assert_eq!(fault(npy_bytes("|u1", "True", &format!("({tera},)"), &[0; 3])), size(&[tera], tera, 3));
    let huge = fault(npy_bytes("<f8", "False", "(9999999999, 9999999999)", &[0; 8]));
    assert_eq!(huge, NpyFault::Impossible { dims: vec![9_999_999_999; 2] });
    for shape in ["(99999999999999999999999,)", "(-1,)", "3", "(1, (2,))", "(1", "(1.5,)"] {
        assert!(
            matches!(fault(npy_bytes("<f8", "False", shape, &[0; 8])), NpyFault::Header { .. }),
            "{shape}"
        );
    }
    assert!(matches!(fault(npy_bytes("<f8", "Maybe", "(1,)", &[0; 8])), NpyFault::Header { .. }));
    assert!(matches!(fault(npy_bytes("<f8", "False", &"(".repeat(60_000), &[])), NpyFault::Header { .. }));
}

fn csv_of(text: &str, targets: CsvTargets) -> Result<Dataset, DataError> {
    let name =
        format!("csv_{}", text.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte)));
    csv::read_file(&write(&directory(&name), "table.csv", text.as_bytes()), targets)
}

#[test]
fn csv_with_and_without_a_header() {
    for text in
        ["0.5,1,2\n0.25, -3 ,0\n", "a,b,c\n0.5,1,2\n0.25,-3,0", "0,1,Label\r\n0.5,1,2.0\r\n0.25,-3,0\r\n"]
    {
        let data = csv_of(text, CsvTargets::Class).unwrap();
        assert_eq!(numbers(&data), [0.5, 1.0, 0.25, -3.0], "{text}");
        assert_eq!(data.targets(), &Targets::Labels { labels: vec![2, 0], classes: 3 }, "{text}");
        assert!(matches!(data.inputs().cells(), Cells::F32(_)), "these numbers are exact in f32");
    }
    let first = csv_of("label,p\n1,0.1\n0,0.2\n", CsvTargets::Class).unwrap();
    assert_eq!(first.targets(), &Targets::Labels { labels: vec![1, 0], classes: 2 });
    assert_eq!(numbers(&first), [0.1, 0.2], "numbers that are not exact in f32 are kept in f64");
    let values = csv_of("1,2,3,4\n5,6,7,8\n", CsvTargets::Values(3)).unwrap();
    assert_eq!((values.features(), values.outputs()), (1, 3));
    assert!(
        matches!(values.targets(), Targets::Values(table) if *table.cells() == Cells::F32(vec![2.0, 3.0, 4.0, 6.0, 7.0, 8.0]))
    );
    assert_eq!(csv_of("1,2\n3,4\n", CsvTargets::Values(0)).unwrap().features(), 2);
}

#[test]
fn csv_faults_name_line_and_column() {
    let fault = |text: &str, targets| match csv_of(text, targets) {
        Err(DataError::Csv { fault, .. }) => fault,
        other => panic!("expected a CSV fault, got {other:?}"),
    };
    let found = String::from;
    assert_eq!(fault("", CsvTargets::Class), CsvFault::Empty);
    assert_eq!(fault("a,b\n", CsvTargets::Class), CsvFault::Empty);
    assert_eq!(fault("1,2\n3\n", CsvTargets::Class), CsvFault::FieldCount { line: 2, expected: 2, found: 1 });
    assert_eq!(
        fault("1,2\nx,4\n", CsvTargets::Class),
        CsvFault::NotANumber { line: 2, column: 1, found: found("x") }
    );
    assert_eq!(
        fault("1,x,0\n1,2,0\n", CsvTargets::Class),
        CsvFault::NotANumber { line: 1, column: 2, found: found("x") }
    );
    assert_eq!(
        fault("1,0\nnan,0\n", CsvTargets::Class),
        CsvFault::NotFinite { line: 2, column: 1, found: found("nan") }
    );
    for class in ["0.5", "-1", "1e9"] {
        let expected = CsvFault::NotAClass { line: 1, column: 2, found: found(class) };
        assert_eq!(fault(&format!("1,{class}\n"), CsvTargets::Class), expected);
    }
    assert_eq!(fault("1,2\n", CsvTargets::Values(2)), CsvFault::TooFewColumns { columns: 2, targets: 2 });
    assert!(matches!(
        content_fault(csv_of("1e300,0\n", CsvTargets::Class)),
        ContentFault::InputNotFinite { .. }
    ));
}

#[test]
fn csv_training_and_test_set_share_their_classes() {
    let directory = directory("csv_pair");
    let train = write(&directory, "train.csv", b"1,0\n2,2\n");
    let test = Some(write(&directory, "test.csv", b"3,1\n"));
    let source = Source::Csv { train, test, targets: CsvTargets::Class };
    assert_eq!(load(&source, Some(0)).unwrap().into_test().unwrap().outputs(), 3);
    write(&directory, "test.csv", b"3,3\n");
    let splits = load(&source, Some(0)).unwrap();
    assert_eq!(splits.train.outputs(), 4);
    assert_eq!(splits.into_test().unwrap().outputs(), 4);
}

/// R17.3: how many classes there are says the network, where nothing but labels does.
#[test]
fn labels_are_of_the_networks_classes() {
    let directory = directory("classes");
    let train = write(&directory, "train.csv", b"1,0\n2,2\n");
    let classes = |targets, outputs| {
        let source = Source::Csv { train: train.clone(), test: None, targets };
        let data = load(&source, Some(0)).unwrap().fit_to(outputs).train;
        (data.outputs(), data.classes())
    };
    assert_eq!(classes(CsvTargets::Class, 5), (5, Some(5)));
    assert_eq!(classes(CsvTargets::Class, 2), (3, Some(3)));
    // Numbers of their own are classes for several outputs only.
    assert_eq!(classes(CsvTargets::Values(1), 5), (5, Some(5)));
    assert_eq!(classes(CsvTargets::Values(1), 1), (1, None));
    write(&directory, "train.csv", b"1,0.5\n2,2\n");
    assert_eq!(classes(CsvTargets::Values(1), 5), (1, None));
    // What is written out as a class says how many there are.
    write(&directory, "train.csv", b"1,0,1\n2,1,0\n");
    assert_eq!(classes(CsvTargets::Values(2), 5), (2, Some(2)));
}

/// R17.3: a class at every step.
#[test]
fn targets_of_every_step_may_be_classes() {
    let data = |targets: &[f32]| {
        let targets = Targets::Values(Table::new(4, Cells::F32(targets.to_vec())).unwrap());
        let inputs = Table::new(1, Cells::F32(vec![0.0; 2])).unwrap();
        Dataset::new("steps", inputs, targets).unwrap().with_target_steps("steps", 2).unwrap()
    };
    let all = data(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    assert_eq!((all.outputs(), all.classes(), all.select(&[1]).classes()), (4, Some(2), Some(2)));
    assert_eq!(data(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]).classes(), None);
}

#[test]
fn a_path_says_what_it_holds() {
    let directory = directory("kinds");
    assert_eq!(Source::from_path(&directory).unwrap(), Source::Idx(directory.clone()));
    let npz = write(&directory, "a.npz", b"");
    assert_eq!(Source::from_path(&npz).unwrap(), Source::Npz(npz));
    assert!(matches!(Source::from_path(&write(&directory, "a.csv", b"")), Ok(Source::Csv { .. })));
    assert!(matches!(
        Source::from_path(&write(&directory, "a.txt", b"")),
        Err(DataError::UnknownKind { .. })
    ));
    assert!(matches!(Source::from_path(&directory.join("none")), Err(DataError::Read { .. })));
    let defaults = Source::default();
    assert_eq!(defaults, Source::Digits { train: 12_000, test: 2_000, seed: 0 });
}
