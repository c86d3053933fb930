#pragma once

#include "core/doctor/traceback.hpp"

#include <string>
#include <string_view>

namespace devstack::core::doctor {

// ---- Readers of one kind of trace each. `at` is the line that it may begin with.

using TraceLines = std::vector<LineFact>;

/// Code of others: packages, the runtime itself.
bool is_foreign(const std::string& file);
int to_line_number(const std::string& digits);
/// How many lines of a trace are looked at.
constexpr std::size_t trace_lines_max = 60;

std::optional<Traceback> read_go(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_rust(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_java(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_dotnet(const TraceLines& lines, std::size_t at);
/// Assertions, exceptions that nobody catches, what glibc and the sanitizers find.
std::optional<Traceback> read_cpp(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_ruby(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_php(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_perl(const TraceLines& lines, std::size_t at);
std::optional<Traceback> read_elixir(const TraceLines& lines, std::size_t at);
/// What Astro says of a page that it can not render.
std::optional<Traceback> read_astro(const TraceLines& lines, std::size_t at);

/// The lines of the trace in a line that is JSON; empty: it has none.
TraceLines unfold_json(const LineFact& line);

/// Of a recursion without end the log may hold only frames: a JVM prints a thousand.
std::optional<Traceback> read_headless_java(const TraceLines& lines);

}  // namespace devstack::core::doctor
