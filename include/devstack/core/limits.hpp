#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of devstack, each with its reason. Nothing else in the tree is a bare number.
namespace devstack::core::limits {

using namespace std::chrono_literals;

// ---- Logs ----
/// Readers split longer lines here (Docker's value since 1.13); on disk nothing is split.
inline constexpr std::size_t line_part_max = 16 * 1024;
/// A file is rotated at the first line end after this size …
inline constexpr std::uint64_t log_file_size_max = 10 * 1024 * 1024;
/// … and this many old ones are kept beside it.
inline constexpr int log_files_max = 5;
/// A rotation that finds no line end waits this long for one, then cuts: bounded disk beats a line.
/// Of all log files of a project, unless the profile says otherwise, and the least it may say.
inline constexpr std::uint64_t logs_size_max = std::uint64_t{1024} * 1024 * 1024;
inline constexpr std::uint64_t logs_size_max_min = 1024 * 1024;
inline constexpr std::uint64_t log_line_slack_max = 1024 * 1024;
/// While a line is waited for, this much is looked at before the loop serves others.
inline constexpr std::size_t awaited_lines_max = 2000;
inline constexpr std::size_t awaited_bytes_max = 256 * 1024;
/// Of a line or of a service's own words in a sentence for people.
inline constexpr std::size_t shown_line_max = 200;
/// A child that writes byte by byte makes a bigger index than log: the index rotates the file too.
inline constexpr std::uint64_t log_index_size_max = 4 * 1024 * 1024;
/// An unfinished line is delivered in part when the other stream has gone on for this many bytes,
/// so that no cursor makes a reader go back further.
inline constexpr std::uint64_t log_pending_span_max = 1024 * 1024;
/// Bytes that one answer looks at in search of a pattern; the cursor in it continues.
inline constexpr std::uint64_t log_scan_max = 32 * 1024 * 1024;
/// Longer search patterns are a mistake.
inline constexpr std::size_t pattern_size_max = 4000;
/// A last line without an end is shown after this time (s6-log's value).
inline constexpr auto partial_line_delay = 2s;
/// After a small read the pipe is left alone for this long, so that line-buffered children cost one
/// system call for many lines instead of one each.
inline constexpr auto capture_coalesce_delay = 500us;
/// A pipe that will be half full before that is looked at then; below this time, at once.
inline constexpr auto capture_coalesce_delay_min = 250us;
/// With many such pipes the time is longer: to look at one takes a tenth of this.
inline constexpr auto capture_coalesce_delay_per_pipe = 20us;
/// A disk that is full now and then is not told of each time.
inline constexpr auto capture_resumed_after = 1s;
/// … nor is somebody who truncates or removes log files all the time.
inline constexpr auto log_change_told_again_after = 1s;
inline constexpr std::size_t capture_small_read = 32 * 1024;
/// Bytes taken from one pipe before the loop serves the others.
inline constexpr std::size_t capture_turn_max = 1024 * 1024;
/// Wished size of an output pipe; the kernel may grant less (pipe(7): pipe-user-pages-soft).
inline constexpr int output_pipe_size = 256 * 1024;
/// The same for a pipe that has been found full: its child writes faster than we come.
inline constexpr int output_pipe_size_max = 1024 * 1024;

// ---- Events ----
inline constexpr std::uint64_t event_journal_size_max = 8 * 1024 * 1024;
inline constexpr int event_journal_files_max = 3;
/// Events wait for a full disk up to this size; later ones are lost, and their numbers show it.
inline constexpr std::size_t event_journal_unwritten_max = 1024 * 1024;

/// The ledger is rewritten when it has grown beyond this; whoever reads it reads it whole …
inline constexpr std::uint64_t ledger_size_max = 1024 * 1024;
/// … within a bound that only a damaged one reaches.
inline constexpr std::size_t ledger_read_max = 256 * 1024 * 1024;

/// Records of unplanned ends that are kept for each service …
inline constexpr std::size_t crash_records_max = 20;
/// … the log lines of each stream in one, which are cut like a reader's, and the probe's answers;
/// equal ones that follow each other count once.
inline constexpr std::size_t crash_record_lines = 50;
inline constexpr std::size_t crash_record_answers = 20;
/// Twice 50 lines of 16 KiB, each byte six times as long in JSON at worst, and the rest.
inline constexpr std::size_t crash_record_size_max = 12 * 1024 * 1024;

/// What somebody has removed from the state directory is looked at so long after the first of it …
inline constexpr auto removal_delay = 100ms;
/// … and tried again in such steps while it can not be made anew.
inline constexpr auto removal_retry = 1s;

/// So long after the start, or the last question to the daemon, what waiting does not need is given
/// back to the system: a program that asks every second or two does not make it come and go.
inline constexpr auto quiet_after = 3s;

// ---- The doctor ----
/// Evidence of a service that hangs may hold up its restart for so long, and no longer …
inline constexpr auto evidence_max = 2s;
/// … of which the doctor plans to use this: starting and ending take their part.
inline constexpr auto evidence_look = 1200ms;
/// A service is looked at when it has been in trouble for this long: what mends itself is no case …
inline constexpr auto trouble_age = 1s;
/// … or has been starting for this long …
inline constexpr auto slow_start_age = 10s;
/// … and again, if it is in trouble still or again, after this.
inline constexpr auto look_again_after = 30s;
/// A service that was ended by a fault, and has been started again, is not well for so long.
inline constexpr auto just_failed = 60s;
/// What the doctor gives itself when nobody waits, and when it is ended.
inline constexpr auto look_usual = 1800ms;
inline constexpr auto look_max = 10s;
/// Of an answer: hundreds of threads, and findings about all of 10,000 services are not expected.
inline constexpr std::size_t doctor_answer_max = 1024 * 1024;

/// Who still waits for the same lock of the same owner after this time waits for long.
inline constexpr auto lock_held_min = 60ms;
/// What reads stacks looks at the time itself; only one that hangs gets beyond this.
inline constexpr auto stacks_slack = 300ms;

// ---- Control ----
inline constexpr std::size_t request_body_max = 1024 * 1024;
inline constexpr std::size_t request_header_max = 64 * 1024;
inline constexpr std::size_t control_connections_max = 256;
inline constexpr auto long_poll_max = 60s;
/// A stream that has nothing to tell says so this often; proxies cut silent ones after 60 s.
inline constexpr auto stream_heartbeat = 15s;
/// What clients are told to wait before they connect again.
inline constexpr auto stream_retry = 1s;
/// Of the connections, so many may be streams: whoever asks one question still gets in.
inline constexpr std::size_t streams_max = 128;
/// What a slow client of a stream costs: the text in one piece, about twice that as JSON.
inline constexpr std::size_t stream_piece_max = 64 * 1024;
inline constexpr std::size_t stream_piece_lines_max = 500;
/// Pieces that are kept for others who read at the same place.
inline constexpr std::size_t stream_pieces_kept = 8;
inline constexpr auto request_read_timeout = 10s;
/// A keeper answers at once; one that does not is no use.
inline constexpr auto welcome_max = 10s;
/// At the end, replies under way get this long …
inline constexpr auto farewell_max = 200ms;
/// … and are looked at in these steps.
inline constexpr auto farewell_step = 1ms;
/// Lines or events in one answer; the cursor in it continues.
inline constexpr std::size_t answer_entries_max = 5000;
inline constexpr std::size_t answer_bytes_max = 4 * 1024 * 1024;

// ---- Ports ----
/// A port that is held but by nobody (kernel teardown) is waited for this long.
inline constexpr auto ownerless_port_wait = 10s;
/// How often a blocked port is looked at when its holder can not be watched.
inline constexpr auto blocked_port_interval = 2s;
/// The same while the kernel tears a socket down, which takes no longer than a moment as a rule.
inline constexpr auto ownerless_port_interval = 250ms;

// ---- Supervision ----
/// Readiness is asked for after this time, then at growing steps …
inline constexpr auto first_probe_delay = 50ms;
/// … up to this one while the service is young (product: 250 ms in the first 5 s) …
inline constexpr auto young_probe_interval = 250ms;
inline constexpr auto young_service_age = 5s;
/// … and then at this one.
/// A service that is not ready by then may listen elsewhere: it is looked, and again.
inline constexpr auto listening_comparison_interval = 3s;
inline constexpr auto readiness_probe_interval = 1s;
/// Without a probe and a port a service counts as ready when it has lived this long.
inline constexpr auto alive_is_ready_after = 1s;
/// Ready for this long, a service has recovered: the next restart delay is the shortest again.
inline constexpr auto recovered_after = 30s;
/// The loop comes so late only when it could not run: stopped, suspended, starved …
inline constexpr auto lost_time_min = 250ms;
/// … and services that could not either get as long, but no longer than this, to do what is due.
inline constexpr auto lost_time_grace_max = 5s;
/// SIGKILL is repeated at this interval while something is left (fork bombs, processes in state D).
inline constexpr auto kill_again_after = 1s;

/// What an earlier devstack has left behind may end politely for this long.
inline constexpr auto leftover_grace = 5s;

/// What a service says of its timeouts: longer makes no sense, and must not overflow.
inline constexpr std::chrono::hours notified_duration_max{24 * 30};
/// Taken from one service before the loop serves the others.
inline constexpr std::size_t notifications_a_turn = 64;
/// Listening sockets that are handed to one service.
inline constexpr std::size_t sockets_max = 16;
/// A service that was started by a connection and ends well again before it is this old has not
/// done its work, as far as anybody can tell: it counts as a restart.
inline constexpr auto on_demand_age_min = 5s;

// ---- Profile ----
/// Less memory is enough for no program: it was meant in another unit.
inline constexpr std::uint64_t memory_limit_min = 1024 * 1024;
inline constexpr std::size_t profile_size_max = 4 * 1024 * 1024;
/// Eight times what Linux lets a service have, for comments: a larger one was not meant.
inline constexpr std::size_t env_file_size_max = 16 * 1024 * 1024;
inline constexpr std::size_t services_max = 10'000;
/// Parts of a dotted key (`a.b.c`): deeper ones mean nothing and would cost the parser its stack.
inline constexpr std::size_t key_parts_max = 16;
/// Names of services are names of files; these end at 255 bytes with what is appended to them.
inline constexpr std::size_t name_length_max = 100;
/// `${A:-${B:-…}}`: more levels are a mistake, or an attack on the stack.
inline constexpr int interpolation_depth_max = 16;
/// Linux refuses longer arguments and variables (MAX_ARG_STRLEN in execve(2)), and references to
/// references grow without end.
inline constexpr std::size_t interpolated_size_max = 128 * 1024 - 1;
/// All variables of a service; Linux refuses more than a quarter of the stack limit, of 8 MiB.
inline constexpr std::size_t environment_size_max = 2 * 1024 * 1024 - 64 * 1024;
/// A probe that comes more often than this is a mistake.
inline constexpr auto probe_interval_min = 10ms;

/// Ids that are given out in the life of a project, as a reload gives new ones to new services;
/// more stand only in a damaged ledger.
inline constexpr std::size_t service_ids_max = 1024 * 1024;

// ---- Watched files ----
/// An editor or a checkout writes several files, some of them twice: one restart for all of it.
inline constexpr auto watch_debounce = 300ms;
/// … but what never comes to rest is not waited for any longer than this.
inline constexpr auto watch_debounce_max = 3s;
/// Directories that are looked through for a project; who has more wants another glob.
inline constexpr std::size_t watched_directories_max = 65536;
/// A change that comes so soon after the start was hardly made by a person …
inline constexpr auto quick_change_after = 2s;
/// … and not so many times in a row: the service changes its own files.
inline constexpr int quick_changes_max = 5;

}  // namespace devstack::core::limits
