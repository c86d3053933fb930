#include "dependency_order.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <queue>

namespace devstack::core {

namespace {

std::string_view kind_word(ServiceKind kind) {
    return kind == ServiceKind::task ? "task" : "service";
}

class GraphMaker {
public:
    GraphMaker(const Profile& profile, std::vector<Diagnostic>& diagnostics)
        : profile_{profile}, diagnostics_{diagnostics} {
        for (std::size_t i = 0; i < profile.services.size(); ++i) {
            graph_.index_of.emplace(profile.services[i].name, i);
        }
    }

    DependencyGraph make() {
        for (const ServiceSetting& service : profile_.services) {
            graph_.needs.push_back(find_needs(service));
            graph_.restart_with.push_back(find_companions(service));
        }
        return std::move(graph_);
    }

private:
    std::vector<Need> find_needs(const ServiceSetting& service) {
        std::vector<Need> needs;
        for (const NeedSetting& setting : service.depends_on) {
            const auto index = find(setting.service, service, "depends_on");
            if (!index) continue;
            const bool is_task = profile_.services[*index].kind == ServiceKind::task;
            if (is_task && setting.condition == NeedCondition::ready) {
                error("bad-condition",
                      setting.condition_place,
                      "`" + setting.service.text + "` is a task: it is never \"ready\"",
                      "write \"completed\", or \"started\"");
            }
            const NeedCondition usual = is_task ? NeedCondition::completed : NeedCondition::ready;
            const Need need{ServiceId{*index}, setting.condition.value_or(usual)};
            const bool is_known = std::any_of(needs.begin(), needs.end(), [&](const Need& other) {
                return other.service == need.service;
            });
            if (!is_known) needs.push_back(need);
        }
        return needs;
    }

    std::vector<ServiceId> find_companions(const ServiceSetting& service) {
        std::vector<ServiceId> companions;
        for (const SourceText& name : service.restart_with) {
            const auto index = find(name, service, "restart_with");
            if (index) companions.push_back(ServiceId{*index});
        }
        return companions;
    }

    std::optional<std::size_t> find(const SourceText& name,
                                    const ServiceSetting& service,
                                    const std::string& key) {
        const auto found = graph_.index_of.find(name.text);
        if (found == graph_.index_of.end()) {
            std::vector<std::string> names;
            for (const auto& [known, index] : graph_.index_of) {
                if (known != service.name) names.push_back(known);
            }
            const auto guess = closest_match(name.text, names);
            error("unknown-service",
                  name.place,
                  "`" + key + "`: there is no service or task `" + name.text + "`",
                  guess ? "did you mean `" + *guess + "`?" : "");
            return std::nullopt;
        }
        if (name.text == service.name) {
            const std::string what = key == "depends_on" ? "depends on" : "is restarted with";
            error("self-dependency",
                  name.place,
                  std::string{kind_word(service.kind)} + " `" + name.text + "` " + what + " itself",
                  "remove it from `" + key + "`");
            return std::nullopt;
        }
        return found->second;
    }

    void error(std::string code, Place place, std::string message, std::string hint) {
        diagnostics_.push_back(
            profile_.source.error(std::move(code), place, std::move(message), std::move(hint)));
    }

    const Profile& profile_;
    std::vector<Diagnostic>& diagnostics_;
    DependencyGraph graph_;
};

Place place_of_need(const Profile& profile, std::size_t service, std::size_t need) {
    for (const NeedSetting& setting : profile.services[service].depends_on) {
        if (setting.service.text == profile.services[need].name) return setting.service.place;
    }
    return profile.services[service].place;
}

/// `cycle` begins with the service that stands first in the file.
void report_cycle(const Profile& profile,
                  const std::vector<std::size_t>& cycle,
                  std::vector<Diagnostic>& diagnostics) {
    std::vector<std::string> names;
    names.reserve(cycle.size() + 1);
    for (const std::size_t index : cycle) {
        names.push_back(profile.services[index].name);
    }
    names.push_back(names.front());
    diagnostics.push_back(profile.source.error(
        "dependency-cycle",
        place_of_need(profile, cycle.front(), cycle[1]),
        "these need one another, so that none can start: " + join(names, " -> "),
        "remove one of these from the `depends_on` of the one before it"));
}

/// Among services that could not be ordered each has a need of the same sort: following these leads
/// into a cycle, always.
void report_cycles(const Profile& profile,
                   const DependencyGraph& graph,
                   const std::vector<bool>& is_ordered,
                   std::vector<Diagnostic>& diagnostics) {
    std::vector<std::size_t> walk_of(graph.needs.size(), 0);  // 0: not walked yet.
    for (std::size_t start = 0; start < graph.needs.size(); ++start) {
        std::vector<std::size_t> walk;
        std::size_t at = start;
        while (!is_ordered[at] && walk_of[at] == 0) {
            walk_of[at] = start + 1;
            walk.push_back(at);
            const auto& needs = graph.needs[at];
            const auto next = std::find_if(needs.begin(), needs.end(), [&](const Need& need) {
                return !is_ordered[need.service.index];
            });
            at = next->service.index;
        }
        if (walk.empty() || walk_of[at] != start + 1) continue;
        walk.erase(walk.begin(), std::find(walk.begin(), walk.end(), at));
        std::rotate(walk.begin(), std::min_element(walk.begin(), walk.end()), walk.end());
        report_cycle(profile, walk, diagnostics);
    }
}

}  // namespace

DependencyGraph make_dependency_graph(const Profile& profile,
                                      std::vector<Diagnostic>& diagnostics) {
    return GraphMaker{profile, diagnostics}.make();
}

std::vector<std::size_t> make_dependency_order(const Profile& profile,
                                               const DependencyGraph& graph,
                                               std::vector<Diagnostic>& diagnostics) {
    const std::size_t count = graph.needs.size();
    std::vector<std::size_t> open_needs(count);
    std::vector<std::vector<std::size_t>> dependents(count);
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free;
    for (std::size_t i = 0; i < count; ++i) {
        open_needs[i] = graph.needs[i].size();
        if (open_needs[i] == 0) free.push(i);
        for (const Need& need : graph.needs[i]) {
            dependents[need.service.index].push_back(i);
        }
    }
    std::vector<std::size_t> order;
    std::vector<bool> is_ordered(count, false);
    while (!free.empty()) {
        const std::size_t next = free.top();
        free.pop();
        order.push_back(next);
        is_ordered[next] = true;
        for (const std::size_t dependent : dependents[next]) {
            if (--open_needs[dependent] == 0) free.push(dependent);
        }
    }
    report_cycles(profile, graph, is_ordered, diagnostics);
    return order;
}

}  // namespace devstack::core
