#include "devstack/cli/process_modes.hpp"

#include "devstack/core/doctor/describe_threads.hpp"
#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/daemon/daemon.hpp"
#include "devstack/diagnosis/collect_facts.hpp"
#include "devstack/keeper/keeper.hpp"
#include "devstack/project/compressed_log.hpp"

#include "cli/builtin_profiles.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// The other processes that this program can be. Their arguments are written by launch.cpp, and for
// the doctor by daemon/doctor_runner.cpp:
//   devstack __keeper PROFILE PROJECT_DIR free-ports|keep-ports STATE_DIR   descriptors 3 and 4
//   The same with the number of a descriptor behind: by a keeper that becomes this program.
//   devstack __doctor evidence|causes|all MILLISECONDS PROJECT_DIR STATE_DIR LOG_DIR RUNTIME_DIR
//   SERVICE
//   devstack __compress LOG_DIR SERVICE                   by daemon/log_compressor.cpp

namespace devstack::cli {

namespace {

constexpr int report_fd = 3;
constexpr int lifeline_fd = 4;
constexpr int argument_count = 6;
constexpr int exit_usage = 64;  // EX_USAGE of sysexits(3).

}  // namespace

int run_keeper_mode(int argc, char** argv) {
    const bool is_successor = argc == argument_count + 1;
    if (argc != argument_count && !is_successor) return exit_usage;
    const std::array<const char*, argument_count + 1> own = {
        argv[0], argv[1], argv[2], argv[3], argv[4], argv[5], nullptr};
    const std::array<const char*, argument_count + 1> daemon = {
        argv[0], "__daemon", argv[2], argv[3], argv[4], argv[5], nullptr};
    keeper::KeeperOptions options;
    options.daemon_program = "/proc/self/exe";
    options.daemon_argv = daemon.data();
    options.keeper_argv = own.data();
    if (is_successor) options.handover_fd = std::atoi(argv[argument_count]);
    options.report_fd = report_fd;
    options.lifeline_fd = lifeline_fd;
    return keeper::run_keeper(options);
}

int run_daemon_mode(int argc, char** argv) {
    if (argc != argument_count) return exit_usage;
    constexpr std::string_view builtin = "builtin:";
    daemon::DaemonOptions options;
    const std::string_view profile = argv[2];
    if (profile.starts_with(builtin)) {
        const std::string name{profile.substr(builtin.size())};
        options.load.builtin_text = find_builtin_profile(name).value_or("");
    } else {
        options.load.profile_path = profile;
    }
    options.load.project_dir = argv[3];
    options.frees_ports = std::string_view{argv[4]} == "free-ports";
    options.state_dir = argv[5];
    return daemon::run_daemon(options);
}

int run_compress_mode(int argc, char** argv) {
    constexpr int words = 4;
    if (argc != words) return exit_usage;
    const auto done = project::compress_rotated_log(argv[2], argv[3]);
    if (!done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return 1;
    }
    std::printf("%s\n", std::to_string(done->value_or(0)).c_str());
    return 0;
}

int run_doctor_mode(int argc, char** argv) {
    constexpr int words = 9;
    if (argc != words) return exit_usage;
    const std::string_view kind = argv[2];
    const std::string_view limit = argv[3];
    int milliseconds = 0;
    std::from_chars(limit.data(), limit.data() + limit.size(), milliseconds);
    diagnosis::Question question;
    question.limit = std::chrono::milliseconds{milliseconds};
    question.directory = argv[4];
    question.project = project::ProjectPaths{argv[4], argv[5], argv[6], argv[7]};
    question.is_evidence = kind == "evidence";
    if (*argv[8] != '\0') question.subject = {"service", argv[8], 0};
    const core::doctor::Facts facts = diagnosis::collect_facts(question);
    core::doctor::Diagnosis found = core::doctor::diagnose(facts);
    if (kind != "all") {
        std::erase_if(found.findings, [](const core::doctor::Finding& it) {
            return it.strength < core::doctor::cause_strength_min;
        });
    }
    core::api::DiagnosisMessage message = core::doctor::to_message(found);
    if (question.is_evidence) message.threads = core::doctor::describe_threads(facts, argv[8]);
    const std::string text = core::api::to_text(message);
    const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return is_written && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace devstack::cli
