#include "cli/doctor_view.hpp"

#include "devstack/base/text.hpp"

namespace devstack::cli {

namespace {

using core::doctor::Confidence;
using core::doctor::Diagnosis;
using core::doctor::Finding;

constexpr std::size_t label_width = 13;
constexpr std::size_t indent_width = 2;

/// "  evidence   text", later lines of it below the text.
std::string render_part(const std::string& label,
                        const std::string& text,
                        const Terminal& terminal) {
    const std::size_t begin = indent_width + label_width;
    const std::size_t width = terminal.width > begin + 20 ? terminal.width - begin : 0;
    const std::string clean = sane_text(text);
    const auto lines = width == 0 ? std::vector<std::string>{clean} : wrap(clean, width);
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string head = i == 0 ? pad(label, label_width) : std::string(label_width, ' ');
        out += std::string(indent_width, ' ') + paint(head, Style::dim, terminal.has_colour) +
               lines[i] + "\n";
    }
    return out;
}

std::string render_finding(const Finding& finding, const Terminal& terminal) {
    const std::string certainty = finding.is_open ? "no cause found: "
                                  : finding.confidence == Confidence::sure
                                      ? "root cause: "
                                      : "probable root cause: ";
    std::string text = paint(certainty, Style::red, terminal.has_colour) +
                       paint(sane_text(finding.what), Style::bold, terminal.has_colour) + " " +
                       paint("[" + finding.id + "]", Style::dim, terminal.has_colour) + "\n";
    bool is_first = true;
    for (const std::string& it : finding.evidence) {
        text += render_part(is_first ? "evidence" : "", it, terminal);
        is_first = false;
    }
    is_first = true;
    for (const std::string& it : finding.explains) {
        text += render_part(is_first ? "this is why" : "", it, terminal);
        is_first = false;
    }
    if (!finding.fix.empty()) {
        constexpr std::string_view look{"look at "};
        const bool is_said = finding.is_open && finding.fix.starts_with(look);
        text += render_part(finding.is_open ? "look at" : "fix",
                            is_said ? finding.fix.substr(look.size()) : finding.fix,
                            terminal);
    }
    return text;
}

}  // namespace

std::string render_diagnosis(const Diagnosis& diagnosis, const Terminal& terminal) {
    std::string text;
    if (diagnosis.is_healthy())
        text = diagnosis.is_open ? "nothing wrong so far\n" : "nothing wrong\n";
    for (const Finding& finding : diagnosis.findings) {
        if (!text.empty()) text += "\n";
        text += render_finding(finding, terminal);
    }
    const auto add_list = [&](const std::string& title, const std::vector<std::string>& lines) {
        if (lines.empty()) return;
        text += "\n" + paint(title, Style::dim, terminal.has_colour) + "\n";
        for (const std::string& it : lines)
            text += "  " + sane_text(it) + "\n";
    };
    add_list("ruled out:", diagnosis.ruled_out);
    add_list("seen:", diagnosis.seen);
    add_list("not seen:", diagnosis.unseen);
    return text;
}

}  // namespace devstack::cli
