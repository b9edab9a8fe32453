//! From descriptions of kernels to machine code.

mod body;
mod emitter;
mod fold;
mod loops;
mod map;
mod wide;

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use cranelift_codegen::Context;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, InstBuilder, UserFuncName};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};

pub(crate) use body::weight;
pub(crate) use emitter::VECTOR_BYTES;
pub(crate) use fold::{FoldKernel, Lanes};
pub(crate) use map::{MapKernel, MapRead};

use crate::error::Error;
use crate::executable::Options;
use emitter::Emitter;
use loops::Arguments;

/// Every kernel's signature: table of buffers, operands as places in it, numbers, and the range of the outermost loop.
///
/// A call needs: every operand a valid place; the buffers there as large as extents and strides say, distinct but for those
/// that the kernel was told are overwritten; the range not empty and within the extent of the outermost axis.
pub(crate) type Entry = unsafe extern "C" fn(*const *mut u8, *const u32, *const i64, i64, i64);

/// Reserved address space for the code of one program; pages are used as needed.
const CODE_RESERVE: usize = 32 << 20;

/// What a kernel does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kernel {
    /// Element-wise.
    Map(MapKernel),
    /// Folding.
    Fold(FoldKernel),
}

/// A kernel's code as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelText {
    /// `map3` or `fold5`.
    pub name: String,
    /// Cranelift's intermediate form, before optimisation, or what is computed for a vector.
    pub clif: String,
    /// The machine's instructions.
    pub asm: String,
}

/// Compiles kernels, each distinct one once.
pub(crate) struct Compiler {
    module: JITModule,
    context: Context,
    functions: FunctionBuilderContext,
    /// Position of each kernel among the compiled, by its description.
    known: HashMap<String, usize>,
    compiled: Vec<FuncId>,
    keep_text: bool,
    /// Whether element-wise kernels have vectors wider than Cranelift's.
    wide: bool,
    texts: Vec<KernelText>,
}

/// Finished code. The entries are valid as long as it lives.
pub(crate) struct Code {
    module: ManuallyDrop<JITModule>,
    /// By the position that [`Compiler::kernel`] gave.
    pub(crate) entries: Vec<Entry>,
    /// The kernels as text, if that was asked for.
    pub(crate) texts: Vec<KernelText>,
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: taken once, here; the entries are private to the crate and called only while `self` is borrowed, so none
        // runs now or later.
        unsafe { ManuallyDrop::take(&mut self.module).free_memory() };
    }
}

// SAFETY: finished code is immutable and executable from any thread; the module behind it is only touched by `drop`.
unsafe impl Sync for Code {}

/// The instruction set of this machine.
fn host(options: &Options) -> Result<Arc<dyn TargetIsa>, Error> {
    let unsupported = |reason: String| Error::UnsupportedHost { reason };
    let mut flags = settings::builder();
    let values = [
        ("opt_level", "speed"),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("enable_verifier", if options.verify_clif { "true" } else { "false" }),
        ("enable_probestack", "false"),
        ("log2_min_function_alignment", "5"),
    ];
    for (name, value) in values {
        flags.set(name, value).map_err(|e| unsupported(format!("{name}: {e}")))?;
    }
    let builder = cranelift_native::builder().map_err(|e| unsupported(e.to_owned()))?;
    let isa = builder.finish(settings::Flags::new(flags)).map_err(|e| unsupported(e.to_string()))?;
    // Without SSE 4.1 rounding would become calls into the C library, lane by lane.
    let lacks_rounding =
        isa.isa_flags().iter().any(|flag| flag.name == "has_sse41" && flag.as_bool() == Some(false));
    if lacks_rounding {
        return Err(unsupported("SSE 4.1 is missing".to_owned()));
    }
    Ok(isa)
}

impl Compiler {
    /// A compiler without kernels.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let isa = host(options)?;
        let memory = ArenaMemoryProvider::new_with_size(CODE_RESERVE)
            .map_err(|e| Error::ExecutableMemory { reason: e.to_string() })?;
        let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
        builder.memory_provider(Box::new(memory));
        let module = JITModule::new(builder);
        Ok(Self {
            context: module.make_context(),
            module,
            functions: FunctionBuilderContext::new(),
            known: HashMap::new(),
            compiled: Vec::new(),
            keep_text: options.keep_text,
            wide: options.choices.wide && wide::available(),
            texts: Vec::new(),
        })
    }

    /// The position of the kernel's entry in [`Code::entries`]; compiles it unless an equal one was compiled before.
    pub(crate) fn kernel(&mut self, kernel: &Kernel) -> Result<usize, Error> {
        // The description is the key because numbers have no `Eq`; it tells −0 from +0.
        let key = format!("{kernel:?}");
        if let Some(&position) = self.known.get(&key) {
            return Ok(position);
        }
        let position = self.compiled.len();
        let name = match kernel {
            Kernel::Map(_) => format!("map{position}"),
            Kernel::Fold(_) => format!("fold{position}"),
        };
        let id = self.define(&name, kernel).map_err(|message| Error::Codegen { kernel: name, message })?;
        self.compiled.push(id);
        self.known.insert(key, position);
        Ok(position)
    }

    /// Whether element-wise kernels have the widest vectors of the machine.
    pub(crate) fn is_wide(&self) -> bool {
        self.wide
    }

    /// How many distinct kernels there are.
    pub(crate) fn len(&self) -> usize {
        self.compiled.len()
    }

    fn define(&mut self, name: &str, kernel: &Kernel) -> Result<FuncId, String> {
        let mut signature = self.module.make_signature();
        signature.params = vec![AbiParam::new(I64); 5];
        let id =
            self.module.declare_function(name, Linkage::Export, &signature).map_err(|e| e.to_string())?;
        if let (Kernel::Map(map), true) = (kernel, self.wide)
            && let Some(code) = wide::code(map, self.keep_text)
        {
            return self.define_wide(id, name, code);
        }
        self.context.func.signature = signature;
        self.context.func.name = UserFuncName::user(0, id.as_u32());
        self.build(kernel);
        let clif = self.keep_text.then(|| self.context.func.display().to_string());
        self.context.set_disasm(self.keep_text);
        self.module.define_function(id, &mut self.context).map_err(|e| format!("{e:?}"))?;
        if let Some(clif) = clif {
            let code = self.context.compiled_code();
            let asm = code.and_then(|code| code.vcode.clone()).unwrap_or_default();
            self.texts.push(KernelText { name: name.to_owned(), clif, asm });
        }
        self.module.clear_context(&mut self.context);
        Ok(id)
    }

    /// Takes code that is not Cranelift's.
    fn define_wide(&mut self, id: FuncId, name: &str, code: wide::Code) -> Result<FuncId, String> {
        self.module.define_function_bytes(id, 64, &code.bytes, &[]).map_err(|e| format!("{e:?}"))?;
        if self.keep_text {
            let wide::Code { instructions, text, .. } = code;
            self.texts.push(KernelText { name: format!("wide {name}"), clif: instructions, asm: text });
        }
        Ok(id)
    }

    /// Fills the context's function.
    fn build(&mut self, kernel: &Kernel) {
        let mut builder = FunctionBuilder::new(&mut self.context.func, &mut self.functions);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let &[buffers, operands, numbers, first, end] = builder.block_params(entry) else {
            unreachable!("the signature has five parameters");
        };
        let arguments = Arguments { buffers, operands, numbers, first, end };
        match kernel {
            Kernel::Map(map) => map.emit(&mut Emitter::new(&mut builder, map.precision), &arguments),
            Kernel::Fold(fold) => fold.emit(&mut Emitter::new(&mut builder, fold.precision), &arguments),
        }
        builder.ins().return_(&[]);
        builder.finalize(self.module.target_config());
    }

    /// Makes the code executable.
    pub(crate) fn finish(mut self) -> Result<Code, Error> {
        self.module.finalize_definitions().map_err(|e| Error::ExecutableMemory { reason: e.to_string() })?;
        let entry = |&id: &FuncId| {
            let code = self.module.get_finalized_function(id);
            // SAFETY: the function was defined with the signature of `Entry` under the host's calling convention.
            unsafe { std::mem::transmute::<*const u8, Entry>(code) }
        };
        let entries = self.compiled.iter().map(entry).collect();
        Ok(Code { module: ManuallyDrop::new(self.module), entries, texts: self.texts })
    }
}
