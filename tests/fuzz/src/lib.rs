//! What the fuzz targets share: how an input is cut, and bounds that are part of what is checked.
//!
//! A target is a file in `targets/`. It takes bytes that the fuzzer made up and asserts what holds for all of them;
//! that nothing panics, overflows or runs out of stack is checked everywhere.

mod seeds;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    env,
    path::Path,
    process, ptr, str,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use gradus_core::{
    expr::path::Scope,
    json::{self, Payload, Value},
};

/// What stands between the parts of an input.
pub const SEPARATOR: char = '\0';

/// The most bytes that an evaluation of a path, a template or a call may hold at a time, beside its input.
pub const EVALUATION_BYTES: usize = 512 << 20;

/// The input as text; one that is no UTF-8 is not for this target.
pub fn text(data: &[u8]) -> Option<&str> {
    str::from_utf8(data).ok()
}

/// The parts of an input: an expression, and the data it looks at. Without data there is some.
pub fn expression_and_data(data: &[u8]) -> Option<(&str, Payload)> {
    let (expression, data) = match text(data)?.split_once(SEPARATOR) {
        Some((expression, data)) => (expression, data),
        None => (text(data)?, DATA),
    };
    Some((expression, Payload::parse(data).ok()?))
}

/// Data for those who bring none.
const DATA: &str = r#"{"a":{"b":[1,2.5,-3e2,{"c":null},"x"],"c":"é😀","":{"a":[[],[[1]],{}]}},"b":[{"a":1},{"a":2,"b":"t"},[true,false]],"n":9007199254740993,"s":"2026-01-01T00:00:00Z","t":"a,b;c","j":"{\"a\":[1]}","items":[3,1,2,1]}"#;

/// Calls `body` with a scope of this input, a context object and a variable, under this seed.
pub fn with_scope<T>(input: &Payload, seed: u64, body: impl FnOnce(&Scope<'_>) -> T) -> T {
    let context =
        || input_of(r#"{"Execution":{"Id":"arn","Input":{"a":1}},"State":{"Name":"S","RetryCount":0}}"#);
    let variables = |name: &str| match name {
        "v" => Some(input_of(r#"{"a":[1,2,{"b":"c"}]}"#)),
        "w" => Some(Value::Null),
        _ => None,
    };
    body(&Scope::new(input, &context).with_variables(&variables).with_seed(seed))
}

fn input_of(text: &str) -> Value {
    json::parse(text).expect("our own text")
}

/// Checks that a value prints, and that its text reads back as the value.
pub fn check_prints(value: &Value) {
    let Ok(payload) = Payload::from_value_within(value.clone(), 1 << 20) else {
        assert!(value.text_len() > 1 << 20);
        return;
    };
    assert_eq!(payload.len() as u64, value.text_len());
    let read = Payload::from_trusted(payload.shared_text());
    assert_eq!(read.value().to_string(), payload.text());
}

/// Has to be called once, before the first input: a target that runs out of stack then still says so, and
/// leaves its input behind.
///
/// With `GRADUS_FUZZ_SEEDS=FOLDER`, a target writes the seeds of all targets there instead of fuzzing: all that
/// is built with coverage is linked with the fuzzer, whose main function it is.
pub fn init() {
    if let Some(folder) = env::var_os("GRADUS_FUZZ_SEEDS") {
        seeds::write(Path::new(&folder)).expect("the seeds can be written");
        process::exit(0);
    }
    const BYTES: usize = 1 << 16;
    let stack = libc::stack_t {
        ss_sp: Box::leak(Box::new([0_u8; BYTES])).as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: BYTES,
    };
    // SAFETY: the memory is never given back, and is not used by anybody else.
    let result = unsafe { libc::sigaltstack(&stack, ptr::null_mut()) };
    assert_eq!(result, 0, "no stack for signals");
}

/// Runs `body`, and checks that it held at most `bytes` at a time.
pub fn within<T>(bytes: usize, body: impl FnOnce() -> T) -> T {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = body();
    let held = PEAK.load(Relaxed).saturating_sub(before);
    assert!(held <= bytes, "held {held} bytes, {bytes} are allowed");
    result
}

/// The system's allocator, and how much is held of it.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(held, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}
