#include "devstack/base/text.hpp"
#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/core/doctor/service_url.hpp"
#include "devstack/diagnosis/collect_facts.hpp"

#include "cli/commands.hpp"
#include "cli/doctor_view.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace doctor = core::doctor;
using namespace std::chrono_literals;

/// The product promises an answer in two seconds; starting and diagnosing take their part.
constexpr Duration usual_limit = 1800ms;
constexpr Duration patient_limit = 20s;

/// "api", "http://localhost:3200/x", "3101".
doctor::SubjectFact read_subject(const std::string& text) {
    doctor::SubjectFact subject;
    subject.text = text;
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    if (is_number && port > 0 && port < 65536) {
        subject.kind = "port";
        subject.port = port;
    } else if (doctor::parse_service_url(text)) {
        subject.kind = "url";
        subject.port = doctor::parse_service_url(text)->port;
    } else if (!text.empty()) {
        subject.kind = "service";
    }
    return subject;
}

Result<doctor::Facts> load_facts(const std::string& path) {
    std::ifstream stream{path, std::ios::binary};
    if (!stream) {
        return Error{Error::Kind::invalid, "cannot read the facts in " + path};
    }
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    auto facts = doctor::parse_facts(text);
    if (!facts) return with_context("the facts in " + path, facts.error());
    return facts;
}

Result<doctor::Facts> collect(const Common& common, const DoctorOptions& options) {
    if (!options.from.empty()) return load_facts(options.from);
    diagnosis::Question question;
    std::error_code ignored;
    question.directory = std::filesystem::current_path(ignored).string();
    question.subject = read_subject(options.subject);
    question.limit = options.wait ? patient_limit : usual_limit;
    if (!options.header.empty()) {
        const auto colon = options.header.find(':');
        if (colon == std::string::npos) {
            return Error{Error::Kind::invalid,
                         "\"" + options.header + "\" is no header; write it as \"Name: value\""};
        }
        const auto value = options.header.find_first_not_of(' ', colon + 1);
        question.headers.push_back(
            {options.header.substr(0, colon),
             value == std::string::npos ? "" : options.header.substr(value)});
    }
    const Result<ProjectPlace> place = find_project(common);
    if (place) {
        question.project = place->paths;
    } else if (common.project) {
        return place.error();
    }
    return diagnosis::collect_facts(question);
}

std::optional<std::string> find_unknown_service(const doctor::Facts& facts) {
    if (facts.subject.kind != "service") return std::nullopt;
    const bool has_project = !facts.profile.empty() || facts.daemon == "running";
    if (!has_project) {
        return "there is no project here that could have a service " + facts.subject.text +
               "; go to one, or name a running one with --project (devstack ls shows them)";
    }
    std::vector<std::string> names;
    for (const doctor::ServiceFact& it : facts.services)
        names.push_back(it.name);
    return find_unknown({facts.subject.text}, names);
}

}  // namespace

int run_doctor(const Common& common, const DoctorOptions& options) {
    const Result<doctor::Facts> facts = collect(common, options);
    if (!facts) return fail(facts.error());
    if (const auto unknown = find_unknown_service(*facts)) {
        complain(*unknown);
        return exit_no_such_service;
    }
    if (!options.record.empty()) {
        std::ofstream stream{options.record, std::ios::binary | std::ios::trunc};
        stream << doctor::to_text(*facts);
        if (!stream.flush()) {
            complain("cannot write the facts to " + options.record);
            return exit_failed;
        }
    }
    const doctor::Diagnosis diagnosis = doctor::diagnose(*facts);
    const std::string text =
        options.json ? doctor::to_text(diagnosis)
                     : render_diagnosis(diagnosis, examine_terminal(STDOUT_FILENO, common.colour));
    if (!print(text)) return exit_failed;
    return diagnosis.is_healthy() ? exit_done : exit_failed;
}

}  // namespace devstack::cli
