#include "devstack/project/event_reader.hpp"

#include "devstack/core/limits.hpp"

#include "project/event_file.hpp"

#include <algorithm>
#include <utility>

namespace devstack::project {

namespace {

/// From the oldest to the one that is written. Opened from the youngest: a rotation in between
/// shows a file twice and makes us miss none.
Result<std::vector<EventFile>> open_files(const std::string& state_dir) {
    std::vector<EventFile> files;
    for (int i = 0; i <= core::limits::event_journal_files_max; ++i) {
        const std::string suffix = i == 0 ? "" : "." + std::to_string(i);
        auto file = open_to_read(state_dir + "/events.jsonl" + suffix);
        if (!file) return std::move(file).error();
        const auto state = file->is_open() ? find_file_state(file->get()) : std::nullopt;
        if (!state) continue;
        const bool is_known = std::ranges::any_of(
            files, [&](const EventFile& it) { return it.state().is_same_file(*state); });
        if (!is_known) files.emplace_back(std::move(*file), *state);
    }
    std::ranges::reverse(files);
    return files;
}

bool is_wanted(const EventQuery& query, const core::api::EventMessage& event) {
    return query.services.empty() ||
           std::ranges::find(query.services, event.service) != query.services.end();
}

void read_forward(std::vector<EventFile>& files, const EventQuery& query, EventAnswer& answer) {
    answer.cursor = query.after.value_or(0);
    bool is_first = true;
    for (EventFile& file : files) {
        std::uint64_t offset = file.find_offset_after(answer.cursor);
        while (auto entry = file.find_event_from(offset)) {
            if (answer.events.size() >= query.events_max) {
                answer.is_complete = false;
                return;
            }
            const std::uint64_t sequence = entry->event.sequence;
            if (is_first && query.after && sequence > *query.after) {
                answer.lost = sequence - *query.after - 1;
            }
            is_first = false;
            offset = entry->end;
            if (sequence <= answer.cursor) continue;
            answer.cursor = sequence;
            if (is_wanted(query, entry->event)) answer.events.push_back(std::move(entry->event));
        }
    }
}

void read_backward(std::vector<EventFile>& files, const EventQuery& query, EventAnswer& answer) {
    const std::size_t count = std::min(*query.tail, query.events_max);
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        std::uint64_t offset = file->size();
        while (auto entry = file->find_event_before(offset)) {
            answer.cursor = std::max(answer.cursor, entry->event.sequence);
            if (answer.events.size() == count) break;
            offset = entry->begin;
            if (is_wanted(query, entry->event)) answer.events.push_back(std::move(entry->event));
        }
        if (answer.events.size() == count && answer.cursor > 0) break;
    }
    std::ranges::reverse(answer.events);
}

}  // namespace

Result<EventAnswer> read_events(const std::string& state_dir, const EventQuery& query) {
    auto files = open_files(state_dir);
    if (!files) return std::move(files).error();
    EventAnswer answer;
    if (query.tail && !query.after) {
        read_backward(*files, query, answer);
    } else {
        read_forward(*files, query, answer);
    }
    return answer;
}

}  // namespace devstack::project
