//! Calls: functions of every make, tail calls, partial application, chains, transformations.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;

use crate::json::Value;

use super::{
    super::{
        HostArguments, HostError, HostFunction,
        ast::{Call, Kind, Lambda, Node, Transform},
        error::{Fault, Result},
        functions,
        regex::Offset,
        value::{Function, FunctionId, ITEM_BYTES, MAX_NESTING, MEMBER_BYTES, Map, Val, freeze},
    },
    Evaluator, Made, Site, Tail,
};

/// What a chain of two functions calls them, and where. Source: jsonata 2.0.6, which makes chains of an
/// expression of its own; these are names and positions in that.
static CHAIN_NAMES: LazyLock<(Value, Value)> = LazyLock::new(|| (Value::from("f"), Value::from("g")));

fn chain_sites() -> (Site<'static>, Site<'static>) {
    let first = Site { token: Some(&CHAIN_NAMES.0), position: 39 };
    (first, Site { token: Some(&CHAIN_NAMES.1), position: 35 })
}

impl<'e> Evaluator<'e> {
    /// A call in an expression; `applied` comes before its arguments.
    pub(super) fn call(
        &mut self,
        call: &'e Call,
        position: usize,
        input: &Val<'e>,
        frame: usize,
        applied: Option<Val<'e>>,
    ) -> Result<Val<'e>> {
        let procedure = self.eval(&call.procedure, input, frame)?;
        if let Some(fault) = self.forgotten_dollar("T1005", call, &procedure, position, frame) {
            return Err(fault);
        }
        let mut arguments = Vec::with_capacity(call.arguments.len() + 1);
        arguments.extend(applied);
        for argument in &call.arguments {
            let value = self.eval(argument, input, frame)?;
            arguments.push(as_argument(value));
        }
        if let Val::Function(function) = &procedure
            && !function.argument
            && !self.is_native(*function)
        {
            self.set_site(*function, Site { token: call.name.as_ref(), position });
        }
        self.apply(&procedure, arguments, input).map_err(|fault| locate(fault, position, call.name.as_ref()))
    }

    /// The fault of a call to nothing, where a variable of that name is something.
    fn forgotten_dollar(
        &self,
        code: &'static str,
        call: &Call,
        procedure: &Val<'e>,
        position: usize,
        frame: usize,
    ) -> Option<Box<Fault>> {
        let (symbol, name) = call.meant.as_ref()?;
        let meant = procedure.is_undefined() && !self.lookup(*symbol, frame).is_undefined();
        meant.then(|| Fault::new(code).at(position).token(Arc::clone(name)))
    }

    fn set_site(&mut self, function: Function, site: Site<'e>) {
        if let Some(known) = self.site(function) {
            *known = site;
        }
    }

    /// Where `function` was called last.
    fn site(&mut self, function: Function) -> Option<&mut Site<'e>> {
        let (list, index) = site_of(function);
        let sites = self.sites.get_mut(list)?;
        if sites.len() <= index {
            sites.resize(index + 1, Site::default());
        }
        sites.get_mut(index)
    }

    /// Applies a function, and whatever it ends in calling.
    pub(in super::super) fn apply(
        &mut self,
        procedure: &Val<'e>,
        arguments: Vec<Val<'e>>,
        input: &Val<'e>,
    ) -> Result<Val<'e>> {
        let mark = self.mark();
        let mut result = self.apply_once(procedure, arguments, input)?;
        while let Some(tail) = self.tail.take() {
            self.step()?;
            let (next, arguments) = match tail {
                Tail::Call { call, input, frame } => self.prepare(call, &input, frame)?,
                Tail::Chain { first, second, argument } => {
                    let (first_site, second_site) = chain_sites();
                    self.set_site(first, first_site);
                    // A chain of chains nests by its first half.
                    let between = self
                        .deeper(|evaluator| evaluator.apply(&Val::Function(first), vec![argument], input))
                        .map_err(|fault| locate(fault, first_site.position, first_site.token))?;
                    self.set_site(second, second_site);
                    (Val::Function(second), vec![as_argument(between)])
                }
            };
            self.release(mark);
            result = self.apply_once(&next, arguments, input)?;
        }
        self.release(mark);
        Ok(result)
    }

    /// The function and the arguments of a call in tail position.
    fn prepare(&mut self, call: &'e Call, input: &Val<'e>, frame: usize) -> Result<(Val<'e>, Vec<Val<'e>>)> {
        let next = self.eval(&call.procedure, input, frame)?;
        if let Val::Function(function) = &next
            && !function.argument
            && let Some(site) = self.site(*function)
        {
            if matches!(call.procedure.kind, Kind::Variable { .. }) {
                site.token = call.name.as_ref();
            }
            site.position = call.procedure.position;
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let value = self.eval(argument, input, frame)?;
            // As in the reference, a lambda goes as it is, and so keeps its own context.
            arguments.push(if self.context_of(&value).is_some() { value } else { as_argument(value) });
        }
        if next.as_function().is_none() {
            // The reference falls over what is nothing; where it says T1006 it says no more.
            let mut fault = Fault::new("T1006").at(call.procedure.position);
            fault.token = call.name.clone().filter(|_| matches!(call.procedure.kind, Kind::Variable { .. }));
            return Err(fault);
        }
        Ok((next, arguments))
    }

    /// Applies a function; a call in tail position is left to the caller.
    fn apply_once(
        &mut self,
        procedure: &Val<'e>,
        arguments: Vec<Val<'e>>,
        input: &Val<'e>,
    ) -> Result<Val<'e>> {
        let Val::Function(function) = procedure else { return Err(Fault::new("T1006")) };
        let nothing = Val::null();
        let context = if function.argument { &nothing } else { input };
        self.deeper_if_made(*function, |evaluator| evaluator.apply_function(*function, arguments, context))
            .map_err(|mut fault| {
                if !fault.is_limit() {
                    let (list, index) = site_of(*function);
                    if let Some(site) = self.sites.get(list).and_then(|sites| sites.get(index)) {
                        if fault.token.is_none() {
                            fault.token = site.token.cloned();
                        }
                        if site.position > 0 {
                            fault.position = Some(site.position);
                        }
                    }
                }
                fault
            })
    }

    /// Calls a function on behalf of a built-in one.
    pub(in super::super) fn invoke(
        &mut self,
        function: Function,
        arguments: Vec<Val<'e>>,
    ) -> Result<Val<'e>> {
        // A call in tail position nests no expression, but what it calls may nest all the same.
        self.waiting += 1;
        if self.waiting > self.max_depth {
            return Err(self.too_deep(self.waiting));
        }
        let function = Val::Function(function);
        let context = self.context_of(&function).unwrap_or_else(Val::null);
        let result = self.apply(&function, arguments, &context)?;
        self.waiting -= 1;
        Ok(result)
    }

    /// The context in which a lambda was made, unless it came as an argument.
    fn context_of(&self, value: &Val<'e>) -> Option<Val<'e>> {
        let Val::Function(Function { id: FunctionId::Made(index), argument: false }) = value else {
            return None;
        };
        match self.made.get(*index as usize) {
            Some(Made::Lambda { input, .. }) => Some(input.clone()),
            _ => None,
        }
    }

    /// Functions that wrap functions could nest without bound: each wrapping counts as a level.
    fn deeper_if_made<T>(
        &mut self,
        function: Function,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let wraps = match function.id {
            FunctionId::Made(index) => {
                matches!(self.made.get(index as usize), Some(Made::Partial { .. }))
            }
            _ => false,
        };
        if wraps { self.deeper(work) } else { work(self) }
    }

    fn apply_function(
        &mut self,
        function: Function,
        arguments: Vec<Val<'e>>,
        input: &Val<'e>,
    ) -> Result<Val<'e>> {
        self.step()?;
        match function.id {
            FunctionId::BuiltIn(index) => {
                let Some(built_in) = functions::at(index) else { return Ok(Val::Undefined) };
                let arguments = functions::signature(index).validate(arguments, input)?;
                (built_in.call)(self, functions::Arguments { values: arguments, name: built_in.name })
            }
            FunctionId::Host(index) => self.apply_host(index, arguments, input),
            FunctionId::Made(index) => self.apply_made(index, arguments, input),
        }
    }

    fn apply_host(&mut self, index: u32, mut arguments: Vec<Val<'e>>, input: &Val<'e>) -> Result<Val<'e>> {
        let bindings = self.bindings;
        let Some(HostFunction(host)) = bindings.functions.get(index as usize) else {
            return Ok(Val::Undefined);
        };
        if let Some(signature) = &host.signature {
            arguments = signature.validate(arguments, input)?;
        }
        let mut room = self.options.max_bytes / 32;
        let values: Result<Vec<Option<Value>>> = arguments
            .iter()
            .map(
                |value| {
                    if value.is_undefined() { Ok(None) } else { freeze(value, &mut room, false).map(Some) }
                },
            )
            .collect();
        let random = &mut self.random;
        let mut draw = || functions::next_bits(random);
        match (host.call)(HostArguments { values: &values?, draw: &mut draw }) {
            Ok(None) => Ok(Val::Undefined),
            Ok(Some(value)) => {
                if matches!(value, Value::Array(_) | Value::Object(_) | Value::String(_)) {
                    self.write_bytes(usize::try_from(value.text_len()).unwrap_or(usize::MAX))?;
                }
                match value {
                    Value::Array(items) if host.sequence => {
                        self.sequence(items.iter().cloned().map(Val::Json).collect())
                    }
                    value => Ok(Val::Json(value)),
                }
            }
            Err(HostError::Message(message)) => Err(Fault::host(message)),
            Err(HostError::Memory) => Err(Fault::limit(super::super::MEMORY)),
        }
    }

    fn apply_made(&mut self, index: u32, mut arguments: Vec<Val<'e>>, input: &Val<'e>) -> Result<Val<'e>> {
        match self.made.get(index as usize) {
            None => Ok(Val::Undefined),
            Some(Made::Lambda { lambda, input: context, frame }) => {
                let (lambda, context, frame): (&'e Lambda, Val, usize) = (lambda, context.clone(), *frame);
                if let Some(signature) = &lambda.signature {
                    arguments = signature.validate(arguments, input)?;
                }
                let inner = self.frame(frame)?;
                let mut arguments = arguments.into_iter();
                for parameter in &lambda.parameters {
                    let argument = arguments.next().unwrap_or_default();
                    self.bind(inner, *parameter, argument);
                }
                self.eval(&lambda.body, &context, inner)
            }
            Some(Made::Partial { target, arguments: bound }) => {
                let target = *target;
                let mut given = arguments.into_iter();
                let all = bound
                    .iter()
                    .map(|bound| bound.clone().unwrap_or_else(|| given.next().unwrap_or_default()))
                    .collect();
                self.apply(&Val::Function(target), all, &Val::Undefined)
            }
            Some(Made::Chain { first, second }) => {
                let (first, second) = (*first, *second);
                let argument = arguments.into_iter().next().unwrap_or_default();
                self.tail = Some(Tail::Chain { first, second, argument });
                Ok(Val::Undefined)
            }
            Some(Made::Transform { transform, position, frame }) => {
                let (transform, position, frame): (&'e Transform, usize, usize) =
                    (transform, *position, *frame);
                let arguments = functions::transform_signature().validate(arguments, input)?;
                self.transform(transform, position, arguments.into_iter().next().unwrap_or_default(), frame)
            }
            Some(Made::Regex { literal, position }) => {
                let (literal, position) = (*literal, *position);
                let Some(text) = arguments.first().and_then(Val::as_str).cloned() else {
                    return Ok(Val::Undefined);
                };
                self.regex_match(literal, position, text, Offset::default(), true)
            }
            Some(Made::Next { literal, position, text, from }) => {
                let (literal, position, text, from) = (*literal, *position, Arc::clone(text), *from);
                if from.byte >= text.len() {
                    return Ok(Val::Undefined);
                }
                self.regex_match(literal, position, text, from, false)
            }
        }
    }

    /// The match of a regular expression as the object that a matcher gives, from `from` on.
    fn regex_match(
        &mut self,
        literal: &'e super::RegexLiteral,
        position: usize,
        text: Arc<str>,
        from: Offset,
        first: bool,
    ) -> Result<Val<'e>> {
        let Some(found) = self.find(literal, position, &text, from, first)? else {
            return Ok(Val::Undefined);
        };
        let next = self.make(Made::Next { literal, position, text, from: found.end })?;
        let groups = self.plain(found.groups)?;
        Map::val(
            IndexMap::from([
                (Arc::from("match"), found.text),
                (Arc::from("start"), Val::count(found.start.utf16)),
                (Arc::from("end"), Val::count(found.end.utf16)),
                (Arc::from("groups"), groups),
                (Arc::from("next"), next),
            ]),
            self.meter,
        )
    }

    /// What looks on from a match.
    pub(in super::super) fn next_of(
        &mut self,
        literal: &'e super::RegexLiteral,
        position: usize,
        text: &Arc<str>,
        from: Offset,
    ) -> Result<Val<'e>> {
        self.make(Made::Next { literal, position, text: Arc::clone(text), from })
    }

    /// How many functions have been made, and how many of them hold on to frames.
    pub(in super::super) fn kept_functions(&self) -> (usize, usize) {
        (self.made.len(), self.captures)
    }

    /// Drops the function that was made since `kept`, if it is the only one, so that none can hold on to it.
    pub(in super::super) fn forget_functions(&mut self, kept: (usize, usize)) {
        if self.made.len() == kept.0 + 1 && self.captures == kept.1 {
            self.made.truncate(kept.0);
        }
    }

    /// The regular expression behind a function, if it is one, and where it was written.
    pub(in super::super) fn regex_of(&self, function: Function) -> Option<(&'e super::RegexLiteral, usize)> {
        let FunctionId::Made(index) = function.id else { return None };
        match self.made.get(index as usize) {
            Some(Made::Regex { literal, position }) => Some((literal, *position)),
            _ => None,
        }
    }

    /// Whether a function counts as true.
    pub(super) fn is_true(&self, function: Function) -> bool {
        !function.argument && !self.is_native(function)
    }

    /// Whether the reference has a function as such, not as an object, which alone can be told where it is called.
    fn is_native(&self, function: Function) -> bool {
        let FunctionId::Made(index) = function.id else { return false };
        matches!(self.made.get(index as usize), Some(Made::Regex { .. } | Made::Next { .. }))
    }

    /// How many parameters a function declares.
    pub(in super::super) fn arity(&self, function: Function) -> usize {
        match function.id {
            FunctionId::BuiltIn(index) => functions::at(index).map_or(0, |built_in| built_in.parameters),
            FunctionId::Host(index) => {
                self.bindings.functions.get(index as usize).map_or(0, |host| host.0.parameters)
            }
            FunctionId::Made(index) => match self.made.get(index as usize) {
                Some(Made::Lambda { lambda, .. }) => lambda.parameters.len(),
                Some(Made::Partial { arguments, .. }) => {
                    arguments.iter().filter(|argument| argument.is_none()).count()
                }
                Some(Made::Regex { .. }) => 2,
                Some(Made::Chain { .. } | Made::Transform { .. }) => 1,
                Some(Made::Next { .. }) | None => 0,
            },
        }
    }

    pub(super) fn partial(
        &mut self,
        call: &'e Call,
        holes: &[bool],
        position: usize,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let mut arguments = Vec::new();
        for (argument, hole) in call.arguments.iter().zip(holes) {
            arguments.push(if *hole { None } else { Some(self.eval(argument, input, frame)?) });
        }
        let procedure = self.eval(&call.procedure, input, frame)?;
        if let Some(fault) = self.forgotten_dollar("T1007", call, &procedure, position, frame) {
            return Err(fault);
        }
        let Val::Function(target) = procedure else {
            let mut fault = Fault::new("T1008").at(position);
            fault.token = call.name.clone();
            return Err(fault);
        };
        // Parameters beyond the arguments are bound to nothing, arguments beyond the parameters are dropped. Built-in
        // functions that declare none, as they take any number, have one here.
        let least = usize::from(matches!(target.id, FunctionId::BuiltIn(_)));
        arguments.resize(self.arity(target).max(least), Some(Val::Undefined));
        self.captures += 1;
        self.make(Made::Partial { target, arguments })
    }

    pub(super) fn chain(
        &mut self,
        left: &'e Node,
        right: &'e Node,
        position: usize,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let left = self.eval(left, input, frame)?;
        if let Kind::Call(call) = &right.kind {
            return self.call(call, right.position, input, frame, Some(left));
        }
        let function = self.eval(right, input, frame)?;
        let Val::Function(second) = function else {
            return Err(Fault::value("T2006", function.to_shown()).at(position));
        };
        if let Val::Function(first) = left {
            return self.make(Made::Chain { first, second });
        }
        self.apply(&function, vec![left], &Val::null())
    }

    /// Applies a transformation to a copy of `object`.
    fn transform(
        &mut self,
        transform: &'e Transform,
        position: usize,
        object: Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        if object.is_undefined() {
            return Ok(object);
        }
        let clone = self.lookup(transform.clone, frame);
        if clone.as_function().is_none() {
            return Err(Fault::new("T2013").at(position));
        }
        let copy = self.apply(&clone, vec![object], &Val::null())?;
        let copy = self.thaw(&copy, 0)?;
        let matches = self.eval(&transform.pattern, &copy, frame)?;
        if !matches.is_undefined() {
            for found in matches.items().iter() {
                // What the reference has as a function, not as an object.
                if found.as_function().is_some_and(|function| !self.is_true(function)) {
                    return Err(Fault::new("D1010").at(position));
                }
                self.update(transform, &found, frame)?;
            }
        }
        let most = self.options.max_bytes / 32;
        let mut room = most;
        match freeze(&copy, &mut room, false) {
            Ok(value) => {
                self.write_bytes((most - room).saturating_mul(ITEM_BYTES))?;
                Ok(Val::Json(value))
            }
            Err(fault) if fault.is_limit() => Err(fault),
            // It holds a function: such an object is no JSON.
            Err(_) => Ok(copy),
        }
    }

    fn update(&mut self, transform: &'e Transform, found: &Val<'e>, frame: usize) -> Result<()> {
        let update = self.eval(&transform.update, found, frame)?;
        if !update.is_undefined() {
            let Some(members) = update.members() else {
                let fault = Fault::value("T2011", update.to_shown());
                return Err(place(fault, transform.update.position));
            };
            for (key, value) in members {
                // A copy, because the value may be what it is put into.
                let value = self.thaw(&value, 0)?;
                if let Val::Map(map) = found {
                    map.members.borrow_mut().insert(key, value);
                }
            }
        }
        let Some(delete) = &transform.delete else { return Ok(()) };
        let deletions = self.eval(delete, found, frame)?;
        if deletions.is_undefined() {
            return Ok(());
        }
        if !deletions.items().iter().all(|key| key.as_str().is_some()) {
            return Err(place(Fault::value("T2012", deletions.to_shown()), delete.position));
        }
        for key in deletions.items().iter() {
            if let (Val::Map(map), Some(key)) = (found, key.as_str()) {
                map.members.borrow_mut().shift_remove(&**key);
            }
        }
        Ok(())
    }

    /// A deep copy whose objects can be changed.
    pub(in super::super) fn thaw(&mut self, value: &Val<'e>, depth: u16) -> Result<Val<'e>> {
        self.step()?;
        if depth > MAX_NESTING {
            return Err(Fault::limit(super::super::MEMORY));
        }
        if let Some(items) = value.elements() {
            self.room(items.len())?;
            let copies: Result<Vec<Val>> = items.iter().map(|item| self.thaw(&item, depth + 1)).collect();
            return self.plain(copies?);
        }
        let Some(members) = value.members() else { return Ok(value.clone()) };
        self.room(members.len().saturating_mul(MEMBER_BYTES / ITEM_BYTES))?;
        let mut copy = IndexMap::with_capacity(members.len());
        for (key, value) in members {
            copy.insert(key, self.thaw(&value, depth + 1)?);
        }
        Map::val(copy, self.meter)
    }
}

/// A function that is handed on no longer tells where it was called.
fn as_argument(value: Val<'_>) -> Val<'_> {
    match value {
        Val::Function(function) => Val::Function(Function { argument: true, ..function }),
        other => other,
    }
}

fn site_of(function: Function) -> (usize, usize) {
    match function.id {
        FunctionId::BuiltIn(index) => (0, index as usize),
        FunctionId::Host(index) => (1, index as usize),
        FunctionId::Made(index) => (2, index as usize),
    }
}

/// Adds where a call was made to a fault that does not know yet.
fn locate(mut fault: Box<Fault>, position: usize, name: Option<&Value>) -> Box<Fault> {
    if !fault.is_limit() {
        if fault.position.is_none_or(|position| position == 0) {
            fault.position = Some(position);
        }
        if !fault.token.as_ref().is_some_and(is_truthy) {
            fault.token = name.cloned();
        }
    }
    fault
}

fn place(mut fault: Box<Fault>, position: usize) -> Box<Fault> {
    fault.position = (position > 0).then_some(position);
    fault
}

/// Whether JavaScript takes a token for one that is there.
fn is_truthy(token: &Value) -> bool {
    match token {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != 0.0,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}
