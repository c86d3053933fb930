#include "cli/top/needs_view.hpp"

#include "devstack/cli/terminal.hpp"

#include "cli/service_names.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace devstack::cli {

namespace {

namespace api = core::api;

class NeedsTree {
public:
    explicit NeedsTree(const api::StateMessage& state) : state_{state} {
        std::set<std::string> needed;
        for (const api::ServiceState& it : state_.services)
            needed.insert(it.needs.begin(), it.needs.end());
        for (const api::ServiceState& it : state_.services) {
            if (!needed.contains(it.name)) add(it, "", "", 0);
        }
    }

    std::string render() const {
        std::size_t width = 0;
        for (const Row& row : rows_)
            width = std::max(width, width_of(row));
        std::string text;
        for (const Row& row : rows_) {
            const api::ServiceState& it = *row.service;
            const std::string reason = reason_of(it);
            const std::string phase = paint(it.phase, style_of_phase(it.phase), true);
            text += paint(row.branch, Style::dim, true) + paint(it.name, Style::bold, true) +
                    std::string(width - width_of(row), ' ') + "  " + pad(phase, phase_width);
            if (row.is_again) {
                text += "  " + paint("what it needs stands above", Style::dim, true);
            } else if (!reason.empty()) {
                text += "  " + reason;
            }
            text += "\n";
        }
        return text;
    }

private:
    /// What the daemon sends has no circles; if it had, we would rather stop than not.
    static constexpr std::size_t depth_max = 32;
    static constexpr std::size_t phase_width = 11;

    struct Row {
        std::string branch;
        const api::ServiceState* service;
        bool is_again;
    };

    static std::size_t width_of(const Row& row) {
        return display_width(row.branch) + display_width(row.service->name);
    }

    /// `others`: what stands before the lines of its needs.
    void add(const api::ServiceState& service,
             const std::string& branch,
             const std::string& others,
             std::size_t depth) {
        const bool is_new = shown_.insert(service.name).second;
        rows_.push_back({branch, &service, !is_new && !service.needs.empty()});
        if (!is_new || depth >= depth_max) return;
        for (std::size_t i = 0; i < service.needs.size(); ++i) {
            const bool is_last = i + 1 == service.needs.size();
            const api::ServiceState* const need = find_service(state_, service.needs[i]);
            if (need == nullptr) continue;
            add(*need,
                others + (is_last ? "\u2514\u2500 " : "\u251c\u2500 "),
                others + (is_last ? "   " : "\u2502  "),
                depth + 1);
        }
    }

    const api::StateMessage& state_;
    std::set<std::string> shown_;
    std::vector<Row> rows_;
};

}  // namespace

std::string render_needs_tree(const api::StateMessage& state) {
    return NeedsTree{state}.render();
}

}  // namespace devstack::cli
