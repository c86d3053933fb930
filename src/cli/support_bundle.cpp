#include "cli/support_bundle.hpp"

#include "devstack/base/text.hpp"
#include "devstack/client/connection.hpp"
#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/crash_records.hpp"
#include "devstack/project/event_reader.hpp"
#include "devstack/project/log_reader.hpp"
#include "devstack/version.hpp"

#include "cli/doctor_view.hpp"
#include "cli/tar_archive.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace devstack::cli {

namespace {

namespace api = core::api;
namespace doctor = core::doctor;

constexpr std::size_t log_lines = 500;
constexpr std::size_t events_count = 1000;
constexpr std::size_t crashes_count = 20;
constexpr Duration state_timeout = std::chrono::seconds{1};

/// `NAME = "value"` or `NAME=value` in a line of a profile or env file: the value, if the name says
/// that it is a secret. A profile that makes no plan has told nobody of its secrets.
std::string secret_in(const std::string& line) {
    const auto equals = line.find('=');
    if (equals == line.npos || equals == 0) return "";
    const auto end = line.find_last_not_of(" \t\"'", equals - 1);
    if (end == line.npos) return "";
    const auto before = line.find_last_of(" \t{,\"'.", end);
    const auto start = before == line.npos ? 0 : before + 1;
    const std::string name = line.substr(start, end + 1 - start);
    const auto begin = line.find_first_not_of(" \t\"'", equals + 1);
    if (begin == line.npos || !doctor::names_secret(name)) return "";
    const auto last = line.find_first_of("\"'", begin);
    return line.substr(begin, last == line.npos ? last : last - begin);
}

class Writer {
public:
    explicit Writer(std::vector<std::string> secrets)
        : secrets_{std::move(secrets)}, archive_{platform::wall_now()} {}

    void add(const std::string& name, const std::string& text) {
        std::istringstream lines{text};
        std::string clean;
        std::vector<std::string> numbers;
        int number = 0;
        for (std::string line; std::getline(lines, line);) {
            ++number;
            std::vector<std::string> secrets = secrets_;
            if (const std::string own = secret_in(line); !own.empty()) secrets.push_back(own);
            const std::string redacted = doctor::redact_for_others(line, secrets);
            if (redacted != line) numbers.push_back(std::to_string(number));
            clean += redacted + "\n";
        }
        archive_.add("devstack/" + name, clean);
        ++bundle_.files;
        if (numbers.empty()) return;
        bundle_.hidden.push_back(name + (numbers.size() == 1 ? ": line " : ": lines ") +
                                 join_for_people(numbers));
    }

    SupportBundle finish() {
        std::string text = "Made by devstack " + std::string{devstack::version} + ", " +
                           render_timestamp(platform::wall_now()) + ".\n\n" +
                           "doctor.txt    what devstack doctor says\n"
                           "facts.json    what it has seen: devstack doctor --from facts.json\n"
                           "state.json    the services, if the project ran\n"
                           "events.jsonl  what has happened\n"
                           "logs/         the ends of the logs\n"
                           "crashes/      how services ended\n\n";
        text += bundle_.hidden.empty() ? "No secrets were found in it.\n"
                                       : "Secrets were hidden (\"***\") in:\n";
        for (const std::string& place : bundle_.hidden)
            text += "  " + place + "\n";
        archive_.add("devstack/README.txt", text);
        ++bundle_.files;
        bundle_.archive = archive_.take();
        return std::move(bundle_);
    }

private:
    std::vector<std::string> secrets_;
    TarArchive archive_;
    SupportBundle bundle_;
};

std::string read_text(const std::string& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

/// What is set in an env file is nobody's business; that it is, may matter.
std::string render_env_files(const doctor::Facts& facts) {
    std::string text;
    for (const doctor::EnvFileFact& file : facts.env_files) {
        text += file.path + (file.is_missing ? " (missing)" : "") + ": " + join(file.names, ", ") +
                "\n";
    }
    return text;
}

void add_logs(const project::ProjectPaths& paths, Writer& writer) {
    for (const std::string& service : project::find_logged_services(paths.log_dir)) {
        project::LogQuery query;
        query.services = {service};
        query.tail = log_lines;
        query.now = platform::wall_now();
        const auto answer = project::read_logs(paths.log_dir, query);
        if (!answer) continue;
        std::string text;
        for (const core::LogLine& line : answer->lines) {
            text += render_timestamp(line.time) + " " + std::string{core::name_of(line.stream)} +
                    " " + sane_text(line.text) + "\n";
        }
        writer.add("logs/" + service + ".log", text);
    }
}

void add_history(const project::ProjectPaths& paths, Writer& writer) {
    project::EventQuery events;
    events.tail = events_count;
    if (const auto answer = project::read_events(paths.state_dir, events)) {
        std::string text;
        for (const api::EventMessage& event : answer->events)
            text += api::to_text(event) + "\n";
        writer.add("events.jsonl", text);
    }
    project::CrashQuery crashes;
    crashes.count = crashes_count;
    const auto answer = project::read_crash_records(paths.state_dir, crashes);
    if (!answer) return;
    for (const api::CrashMessage& crash : answer->crashes)
        writer.add("crashes/" + crash.service + "-" + crash.time + ".json", api::to_text(crash));
}

void add_state(const project::ProjectPaths& paths, Writer& writer) {
    auto connection = client::Connection::open(paths.control_socket());
    if (!connection) return;
    const auto reply = connection->get(api::render_request(api::StateRequest{}), state_timeout);
    if (reply) writer.add("state.json", reply->body);
}

}  // namespace

SupportBundle make_support_bundle(const diagnosis::Question& question, const doctor::Facts& facts) {
    Writer writer{diagnosis::find_secrets(question)};
    if (!facts.profile.empty()) {
        const std::string path = facts.profile.starts_with('/')
                                     ? facts.profile
                                     : facts.project_dir + "/" + facts.profile;
        writer.add("profile.toml", read_text(path));
    }
    writer.add("env-files.txt", render_env_files(facts));
    writer.add("doctor.txt", render_diagnosis(doctor::diagnose(facts), Terminal{}));
    writer.add("facts.json", doctor::to_text(facts));
    if (question.project) {
        add_state(*question.project, writer);
        add_history(*question.project, writer);
        add_logs(*question.project, writer);
    }
    return writer.finish();
}

}  // namespace devstack::cli
