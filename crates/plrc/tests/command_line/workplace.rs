//! A directory for each test, and the compiler run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A rule that learns anything from a handful of samples, on a network of its own.
pub const RULE: &str = "\
rule Delta(lr = 0.1) {
  neuron {
    param b = 0
    state a, x
  }
  synapse W : below -> self = normal(0.3)
  phase forward { clamp input x = data;  sweep up { a = W @ below.x + b;  x = f(a) } }
  learn {
    W += lr * (post.x - post.x * post.x) * pre.x
    b += lr * (x - x * x)
  }
  predict output.x after forward
}

experiment small {
  rule Delta(lr = 0.1)
  network 784 - 10 sigmoid
  data digits(train = 60, test = 20)
  batch 10
  epochs 2
  lr input->output = 0.05
}
";

/// Backprop through products large enough to be shared by threads.
pub const SHARED: &str = "\
rule Shared(lr = 0.2) allow weight_transport {
  neuron {
    param b = 0
    state a, x, d
  }
  synapse W : below -> self = glorot()
  phase forward {
    clamp input x = data
    sweep up {
      a = W @ below.x + b
      x = f(a)
    }
  }
  phase backward {
    output d = -cost'(a)
    sweep down { hidden d = f'(a) * (W.T @ above.d) }
  }
  learn {
    W += lr * post.d * pre.x
    b += lr * d
  }
  predict output.x after forward
}

experiment digits {
  rule Shared
  network 784 - 96 tanh - 10 softmax
  cost softmax_cross_entropy
  data digits(train = 500, test = 100)
  batch 64
  epochs 2
}
";

/// An empty directory.
pub struct Workplace(PathBuf);

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Workplace {
    pub fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command_line").join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// With [`RULE`] in `rule.plr`.
    pub fn with_rule(test: &str) -> Self {
        let place = Self::new(test);
        place.write("rule.plr", RULE);
        place
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The compiler in this directory, its words kept for the test.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_remove("RUST_BACKTRACE");
        command
    }

    pub fn plrc<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(self.command(PLRC).args(arguments).output().unwrap())
    }

    /// The words of a line as arguments.
    pub fn line(&self, line: &str) -> Ran {
        self.plrc(line.split_whitespace())
    }

    pub fn with_input(&self, line: &str, input: &str) -> Ran {
        let mut command = self.command(PLRC);
        let mut child = command.args(line.split_whitespace()).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    /// The line in a shell, with the compiler as `$PLRC`.
    pub fn shell(&self, line: &str) -> Ran {
        Ran::of(self.command("sh").env("PLRC", PLRC).args(["-c", line]).output().unwrap())
    }
}

/// The compiled program.
pub const PLRC: &str = env!("CARGO_BIN_EXE_plrc");

impl Ran {
    pub fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        for alarm in ["panicked", "bug in plrc", "compiler bug", "memory allocation"] {
            assert!(!ran.err.contains(alarm), "{ran:?}");
        }
        ran
    }

    /// Went well.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Refused with that code and those words.
    #[track_caller]
    pub fn refused(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(words), "`{words}` is not in {self:?}");
        self
    }
}
