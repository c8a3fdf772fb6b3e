//! What the system says of a process, and where it runs.

use std::fs;
use std::time::Instant;

/// The clock.
#[expect(clippy::disallowed_methods, reason = "a load generator reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// CPU time of all threads of the process in nanoseconds, kernel work on its behalf included.
pub(super) fn cpu_ns(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let of = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.flatten().map(of).sum()
}

/// Resident memory of the process in KB.
pub(super) fn resident_kb(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0)
}

/// Raises the soft limit of open files to the hard one.
pub(super) fn raise_open_files(wanted: usize) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit that lives during both calls.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit)
    };
    assert!(raised == 0 && limit.rlim_cur as usize >= wanted, "{wanted} open files are needed");
}

/// Pins this process (and the threads and children that it makes from now on) to the first core it may use; gives the
/// affinity it had.
pub(super) fn pin_to_first_core() -> libc::cpu_set_t {
    let all = affinity();
    set_affinity(&only(cores(&all)[0]));
    all
}

/// Pins to the last core of the machine: where the load runs. On a machine of one core this is the first one as well.
pub(super) fn pin_to_last_core() {
    let pinned = (0..libc::CPU_SETSIZE as usize).rev().any(|core| try_affinity(&only(core)));
    assert!(pinned, "no core to run on");
}

pub(super) fn set_affinity(set: &libc::cpu_set_t) {
    assert!(try_affinity(set), "the affinity could not be set");
}

fn try_affinity(set: &libc::cpu_set_t) -> bool {
    // SAFETY: `set` is a valid cpu_set_t of the size given.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) == 0 }
}

fn affinity() -> libc::cpu_set_t {
    // SAFETY: an all-zero cpu_set_t is valid, and the call writes at most its size.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set);
        set
    }
}

fn cores(set: &libc::cpu_set_t) -> Vec<usize> {
    // SAFETY: the index stays below CPU_SETSIZE.
    (0..libc::CPU_SETSIZE as usize).filter(|core| unsafe { libc::CPU_ISSET(*core, set) }).collect()
}

fn only(core: usize) -> libc::cpu_set_t {
    // SAFETY: an all-zero cpu_set_t is valid, and the index stays below CPU_SETSIZE.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        set
    }
}
