#include "devstack/cli/log_view.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace devstack::cli {

namespace {

/// One endless name must not push all text out of sight.
constexpr std::size_t prefix_width_max = 30;

std::string render_prefix(const std::string& service,
                          std::string_view mark,
                          Style mark_style,
                          const LogLook& look) {
    if (look.prefix_width == 0) return "";
    const std::string name = pad(shorten(sane_text(service), look.prefix_width), look.prefix_width);
    return paint(name, style_of_service(service), look.has_colour) + " " +
           paint(mark, mark_style, look.has_colour) + " ";
}

std::string describe(const core::LogGap& gap) {
    if (gap.cause == core::LogGap::Cause::unwritten) {
        return render_bytes(gap.lost_bytes) +
               " of output were lost here, because the log could not be written";
    }
    if (gap.lost_bytes == 0) return "older output has been removed, and the log begun anew";
    return render_bytes(gap.lost_bytes) + " of older output has been removed";
}

}  // namespace

std::size_t prefix_width_for(const std::vector<std::string>& services) {
    std::size_t width = 1;
    for (const std::string& service : services)
        width = std::max(width, display_width(service));
    return std::min(width, prefix_width_max);
}

Style style_of_service(std::string_view service) {
    static constexpr std::array styles = {
        Style::cyan, Style::yellow, Style::green, Style::magenta, Style::blue};
    std::uint32_t hash = 2166136261;  // FNV-1a
    for (const char c : service)
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return styles[hash % styles.size()];
}

std::string render_log_line(const core::LogLine& line, const LogLook& look) {
    const bool is_error = line.stream == core::LogStream::standard_error;
    std::string text = render_prefix(
        line.service, line.is_continued ? "+" : "|", is_error ? Style::red : Style::dim, look);
    if (look.has_timestamps) {
        text += paint(render_timestamp(line.time), Style::dim, look.has_colour) + " ";
    }
    const std::string content = sane_text(line.text, look.has_colour);
    text += content;
    // What a line leaves switched on must not colour the next service's.
    const bool has_sequence = content.find('\x1b') != std::string::npos;
    if (has_sequence && !content.ends_with("\x1b[0m")) text += "\x1b[0m";
    return text;
}

std::string render_log_gap(const core::LogGap& gap, const LogLook& look) {
    return render_prefix(gap.service, "|", Style::dim, look) +
           paint("... " + describe(gap) + " ...", Style::yellow, look.has_colour);
}

}  // namespace devstack::cli
