#include "devstack/base/text.hpp"
#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/core/doctor/service_url.hpp"
#include "devstack/diagnosis/collect_facts.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/write_all.hpp"

#include "cli/commands.hpp"
#include "cli/doctor_view.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"
#include "cli/support_bundle.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
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

Result<diagnosis::Question> make_question(const Common& common, const DoctorOptions& options) {
    diagnosis::Question question;
    std::error_code ignored;
    question.directory = std::filesystem::current_path(ignored).string();
    question.subject = read_subject(options.subject);
    question.limit = options.wait ? patient_limit : usual_limit;
    for (const std::string& header : options.headers) {
        const auto colon = header.find(':');
        if (colon == std::string::npos) {
            return Error{Error::Kind::invalid,
                         "\"" + header + "\" is no header; write it as \"Name: value\""};
        }
        const auto value = header.find_first_not_of(' ', colon + 1);
        question.headers.push_back(
            {header.substr(0, colon), value == std::string::npos ? "" : header.substr(value)});
    }
    const Result<ProjectPlace> place = find_project(common);
    if (place) {
        question.project = place->paths;
    } else if (common.project) {
        return place.error();
    }
    return question;
}

/// For whom they may be, and nobody else.
bool write_private(const std::string& path, const std::string& content) {
    const platform::FileDescriptor file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    return file.is_open() && platform::write_all(file.get(), content);
}

std::string describe(const std::string& path, const SupportBundle& bundle) {
    std::string text = "wrote " + path + ": " + count_of(bundle.files, "file") + ", " +
                       render_bytes(bundle.archive.size()) + "\n";
    text += bundle.hidden.empty() ? "no secrets were found in it" : "secrets were hidden in";
    text += "\n";
    for (const std::string& place : bundle.hidden)
        text += "  " + place + "\n";
    return text +
           "look through it before you send it: what nothing marks as a secret is still there\n";
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
    const Result<diagnosis::Question> question = make_question(common, options);
    if (!question) return fail(question.error());
    const Result<doctor::Facts> facts =
        options.from.empty() ? diagnosis::collect_facts(*question) : load_facts(options.from);
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
        options.json ? core::api::to_text(doctor::to_message(diagnosis))
                     : render_diagnosis(diagnosis, examine_terminal(STDOUT_FILENO, common.colour));
    if (!print(text)) return exit_failed;
    return diagnosis.is_healthy() ? exit_done : exit_failed;
}

int run_bundle(const Common& common, const BundleOptions& options) {
    const Result<diagnosis::Question> question = make_question(common, {});
    if (!question) return fail(question.error());
    const Result<doctor::Facts> facts = diagnosis::collect_facts(*question);
    if (!facts) return fail(facts.error());
    const SupportBundle bundle = make_support_bundle(*question, *facts);
    if (!write_private(options.file, bundle.archive)) {
        complain("cannot write the bundle to " + options.file + ": " + std::strerror(errno));
        return exit_failed;
    }
    const std::string text =
        options.json ? core::api::to_text(core::api::BundleMessage{
                           options.file, bundle.files, bundle.archive.size(), bundle.hidden}) +
                           "\n"
                     : describe(options.file, bundle);
    return print(text) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
