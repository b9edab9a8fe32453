//! The parser of operations and of the instructions of maps.

use super::lex::Token;
use super::parse::{ParseError, ParseErrorKind, Parser};
use crate::geometry::{Convolution, Grid, Pooling};
use crate::program::{
    Contraction, ConvolveForm, Law, Local, Map, MapInput, MapInstruction, Op, Operation, PoolKind,
    ReduceKind, Repeat, Until, Value,
};
use crate::scalar::{BinaryOp, CompareOp, UnaryOp};
use crate::types::Location;

impl Parser<'_> {
    /// Results, operation, location and, of loops and maps, the block.
    pub fn operation(&mut self) -> Result<Operation, ParseError> {
        let mut results = Vec::new();
        while let Token::Value(_) = self.peek() {
            let (value, place) = self.value()?;
            self.mark(':')?;
            results.push(self.definition(value, place)?);
            if !self.skip_mark(',') {
                break;
            }
        }
        if !results.is_empty() {
            self.mark('=')?;
        }
        let Token::Word(name) = *self.peek() else { return Err(self.expected("an operation")) };
        let (op, location) = match name {
            "repeat" => self.repeat()?,
            "map" => self.map()?,
            _ => (self.simple(name)?, self.location()?),
        };
        Ok(Operation { results, op, location })
    }

    /// An operation without a block, from its name on.
    fn simple(&mut self, name: &str) -> Result<Op, ParseError> {
        if let Ok(op) = name.parse::<UnaryOp>() {
            self.advance();
            return Ok(Op::Unary(op, self.operand()?));
        }
        if let Ok(op) = name.parse::<BinaryOp>() {
            self.advance();
            let [a, b] = self.operands()?;
            return Ok(Op::Binary(op, a, b));
        }
        if let Ok(op) = name.parse::<CompareOp>() {
            self.advance();
            let [a, b] = self.operands()?;
            return Ok(Op::Compare(op, a, b));
        }
        let unknown = self.error(ParseErrorKind::UnknownOperation(name.to_owned()));
        self.advance();
        match name {
            "constant" => self.real().map(Op::Constant),
            "and" => self.operands().map(|[a, b]| Op::And(a, b)),
            "or" => self.operands().map(|[a, b]| Op::Or(a, b)),
            "not" => self.operand().map(Op::Not),
            "select" => self.operands().map(|[c, a, b]| Op::Select(c, a, b)),
            "from_index" => self.operand().map(Op::FromIndex),
            "broadcast" => Ok(Op::Broadcast { input: self.operand()?, axes: self.axes()? }),
            "contract" => self.contract(),
            "reduce" => {
                let kinds = [ReduceKind::Sum, ReduceKind::Max, ReduceKind::Min];
                let kind = self.choice("`sum`, `max` or `min`", &kinds)?;
                Ok(Op::Reduce { kind, input: self.operand()?, axes: self.axes()? })
            }
            "rank" => self.operand().map(Op::Rank),
            "running_sum" => {
                let input = self.operand()?;
                Ok(Op::RunningSum { input, axis: self.axis()? })
            }
            "convolve" => self.convolve(),
            "pool" => {
                let kind = self.choice("`mean` or `max`", &[PoolKind::Mean, PoolKind::Max])?;
                Ok(Op::Pool { kind, input: self.operand()?, geometry: self.pooling()? })
            }
            "unpool" => {
                let input = self.operand()?;
                let by = if self.skip_word("by") { Some(self.operand()?) } else { None };
                Ok(Op::Unpool { input, by, geometry: self.pooling()? })
            }
            "reshape" => self.operand().map(Op::Reshape),
            "range" => {
                let (input, axis) = (self.operand()?, self.axis()?);
                Ok(Op::Range { input, axis, first: self.number_after("from")? })
            }
            "slice" => {
                let input = self.operand()?;
                let (axis, index) = self.along()?;
                Ok(Op::Slice { input, axis, index })
            }
            "before" => {
                let input = self.operand()?;
                let (axis, index) = self.along()?;
                Ok(Op::Before { input, axis, index })
            }
            "insert" => self.insert(),
            "detach" => self.detach(),
            "random" => self.random(),
            _ => Err(unknown),
        }
    }

    fn contract(&mut self) -> Result<Op, ParseError> {
        let lhs = self.labels()?;
        self.mark(',')?;
        let rhs = self.labels()?;
        if !self.skip(&Token::Arrow) {
            return Err(self.expected("`->`"));
        }
        let spec = Contraction { lhs, rhs, out: self.labels()? };
        let [lhs, rhs] = self.operands()?;
        Ok(Op::Contract { lhs, rhs, spec })
    }

    fn convolve(&mut self) -> Result<Op, ParseError> {
        let forms = [ConvolveForm::Forward, ConvolveForm::Adjoint, ConvolveForm::Correlate];
        let form = self.choice("`forward`, `adjoint` or `correlate`", &forms)?;
        let [lhs, rhs] = self.operands()?;
        let low = self.grid()?;
        let channels = self.number_after("channels")?;
        let kernel = self.number_after("kernel")?;
        let stride = self.number_after("stride")?;
        let padding = self.number_after("padding")?;
        let local = self.skip_word("local");
        let geometry = Convolution { low, channels, kernel, stride, padding, local };
        Ok(Op::Convolve { form, lhs, rhs, geometry })
    }

    fn pooling(&mut self) -> Result<Pooling, ParseError> {
        let low = self.grid()?;
        let window = self.number_after("window")?;
        Ok(Pooling { low, window, stride: self.number_after("stride")? })
    }

    /// `layer (1,28,28)`
    fn grid(&mut self) -> Result<Grid, ParseError> {
        self.word("layer")?;
        self.mark('(')?;
        let expected = self.expected("channels, height and width");
        match self.integers(')')?[..] {
            [channels, height, width] => Ok(Grid { channels, height, width }),
            _ => Err(expected),
        }
    }

    fn number_after(&mut self, word: &'static str) -> Result<usize, ParseError> {
        self.word(word)?;
        self.integer()
    }

    /// The labels of a tensor's axes: a word of letters, or nothing.
    fn labels(&mut self) -> Result<Vec<u8>, ParseError> {
        let Token::Word(labels) = *self.peek() else { return Ok(Vec::new()) };
        if !labels.bytes().all(|c| c.is_ascii_alphabetic()) {
            return Err(self.expected("axis labels, which are letters"));
        }
        self.advance();
        Ok(labels.bytes().collect())
    }

    fn insert(&mut self) -> Result<Op, ParseError> {
        let value = self.operand()?;
        self.word("into")?;
        let into = self.operand()?;
        let (axis, index) = self.along()?;
        Ok(Op::Insert { into, value, axis, index })
    }

    /// An axis and a place along it.
    fn axis(&mut self) -> Result<usize, ParseError> {
        self.word("axis")?;
        self.integer()
    }

    fn along(&mut self) -> Result<(usize, Value), ParseError> {
        let axis = self.axis()?;
        self.word("at")?;
        Ok((axis, self.operand()?))
    }

    fn detach(&mut self) -> Result<Op, ParseError> {
        let value = self.operand()?;
        let path = if self.skip_word("to") {
            let to = self.operand()?;
            self.word("by")?;
            Some((to, self.operand()?))
        } else {
            None
        };
        Ok(Op::Detach { value, path })
    }

    fn random(&mut self) -> Result<Op, ParseError> {
        let law = self.choice("`uniform` or `normal`", &[Law::Uniform, Law::Normal])?;
        self.word("stream")?;
        let stream = self.integer()?;
        let step = if self.skip_word("step") { Some(self.operand()?) } else { None };
        Ok(Op::Random { law, stream, step })
    }

    fn repeat(&mut self) -> Result<(Op, Location), ParseError> {
        self.word("repeat")?;
        let count = self.integer()?;
        let reversed = self.skip_word("reversed");
        let until = if self.skip_word("until") {
            let residual = self.operand()?;
            self.mark('<')?;
            Some(Until { residual, tolerance: self.real()? })
        } else {
            None
        };
        let mut parameters = Vec::new();
        let mut initial = Vec::new();
        self.mark('(')?;
        while !self.skip_mark(')') {
            let (value, place) = self.value()?;
            self.mark(':')?;
            parameters.push(self.definition(value, place)?);
            if self.skip_mark('=') {
                initial.push(self.operand()?);
            }
            self.separator(')')?;
        }
        let location = self.location()?;
        self.mark('{')?;
        let body = self.repeat_body(parameters)?;
        Ok((Op::Repeat(Box::new(Repeat { count, reversed, until, initial, body })), location))
    }

    fn map(&mut self) -> Result<(Op, Location), ParseError> {
        self.word("map")?;
        let mut inputs = Vec::new();
        self.mark('(')?;
        while !self.skip_mark(')') {
            inputs.push(MapInput { value: self.operand()?, axes: self.axes()? });
            self.separator(')')?;
        }
        let location = self.location()?;
        self.mark('{')?;
        let mut body = Vec::new();
        while let Token::Local(_) = self.peek() {
            let misnumbered = self.error(ParseErrorKind::MisnumberedInstruction(body.len()));
            if self.local()?.0 as usize != body.len() {
                return Err(misnumbered);
            }
            self.mark('=')?;
            body.push(self.instruction()?);
        }
        self.word("yield")?;
        let mut results = Vec::new();
        while !self.skip_mark('}') {
            results.push(self.local()?);
            self.separator('}')?;
        }
        Ok((Op::Map(Box::new(Map { inputs, body, results })), location))
    }

    fn instruction(&mut self) -> Result<MapInstruction, ParseError> {
        let Token::Word(name) = *self.peek() else { return Err(self.expected("an instruction")) };
        let unknown = self.error(ParseErrorKind::UnknownOperation(name.to_owned()));
        self.advance();
        if let Ok(op) = name.parse::<UnaryOp>() {
            return Ok(MapInstruction::Unary(op, self.local()?));
        }
        if let Ok(op) = name.parse::<BinaryOp>() {
            return self.locals().map(|[a, b]| MapInstruction::Binary(op, a, b));
        }
        if let Ok(op) = name.parse::<CompareOp>() {
            return self.locals().map(|[a, b]| MapInstruction::Compare(op, a, b));
        }
        match name {
            "input" => self.integer().map(MapInstruction::Input),
            "constant" => self.real().map(MapInstruction::Constant),
            "and" => self.locals().map(|[a, b]| MapInstruction::And(a, b)),
            "or" => self.locals().map(|[a, b]| MapInstruction::Or(a, b)),
            "not" => self.local().map(MapInstruction::Not),
            "select" => self.locals().map(|[c, a, b]| MapInstruction::Select(c, a, b)),
            _ => Err(unknown),
        }
    }

    /// Values with commas between them.
    fn operands<const N: usize>(&mut self) -> Result<[Value; N], ParseError> {
        let mut values = [Value(0); N];
        for (i, value) in values.iter_mut().enumerate() {
            if i > 0 {
                self.mark(',')?;
            }
            *value = self.operand()?;
        }
        Ok(values)
    }

    /// Locals with commas between them.
    fn locals<const N: usize>(&mut self) -> Result<[Local; N], ParseError> {
        let mut locals = [Local(0); N];
        for (i, local) in locals.iter_mut().enumerate() {
            if i > 0 {
                self.mark(',')?;
            }
            *local = self.local()?;
        }
        Ok(locals)
    }

    fn local(&mut self) -> Result<Local, ParseError> {
        let Token::Local(text) = *self.peek() else { return Err(self.expected("an instruction's number")) };
        self.convert(text).map(Local)
    }

    fn axes(&mut self) -> Result<Vec<usize>, ParseError> {
        self.word("axes")?;
        self.mark('(')?;
        self.integers(')')
    }

    fn location(&mut self) -> Result<Location, ParseError> {
        let Token::Location(text) = *self.peek() else { return Ok(Location::default()) };
        self.convert(text).map(Location)
    }
}
