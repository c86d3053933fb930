#include "devstack/base/match.hpp"
#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>

// Files of a service have changed: it starts anew, whatever had come of it before. A person has
// done that, so it costs no budget; unless the service does it itself (a build into a directory
// that it watches), and would be restarted for ever.

namespace devstack::core {

void Supervisor::on(const FilesChanged& fact) {
    const ServiceId id = fact.service;
    Service& service = at(id);
    if (!is_wanted(id) || service.is_leaving || !service.watch_suspended.empty()) return;
    const std::string why = fact.path + " changed";
    const bool has_process = is_alive(service.phase);
    if (has_process && !std::holds_alternative<Stopping>(service.phase)) {
        const bool is_quick = pid_of(service.phase) == 0 ||
                              now_ - service.current.spawned_at <= limits::quick_change_after;
        service.quick_changes = is_quick ? service.quick_changes + 1 : 0;
        touch(id);
        if (service.quick_changes >= limits::quick_changes_max) {
            service.watch_suspended =
                "its files are not watched any more: " +
                count_of(static_cast<std::size_t>(limits::quick_changes_max), "change") +
                " in a row, the last one of " + fact.path + ", came within " +
                render_duration(limits::quick_change_after) +
                " of its start, as if it changed them itself; restart it to watch again";
            out_.events.push_back(Noticed{id,
                                          run_of(service.phase)->number,
                                          Noticed::Kind::watch_suspended,
                                          service.watch_suspended});
            return;
        }
    }
    if (has_process) return begin_stop(id, Stopping::Then::restart, why);
    // It has failed, or has done what it does: the change is a reason to try again.
    const bool is_over = std::holds_alternative<Failed>(service.phase) ||
                         std::holds_alternative<Completed>(service.phase) ||
                         std::holds_alternative<BackingOff>(service.phase);
    if (!is_over) return;
    service.recent_restarts.clear();
    service.delay_exponent = 0;
    enter(id, Stopped{}, why);
}

}  // namespace devstack::core
