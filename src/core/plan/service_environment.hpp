#pragma once

#include "devstack/core/plan/make_plan.hpp"
#include "devstack/core/profile/dotenv.hpp"

#include "scope.hpp"
#include "service_account.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace devstack::core {

/// What a service runs in.
struct ServiceSurroundings {
    std::string working_dir;  ///< Absolute.
    Scope scope;              ///< Its variables, over those of the project.
    ServiceAccount account;
};

/// Lays the sources of variables over one another: devstack's own environment, the env files of the
/// project, what its user has, the env files of the service, its `env`; a later one wins. A value
/// sees what lies below it.
class EnvironmentMaker {
public:
    EnvironmentMaker(const Profile& profile, const Surroundings& surroundings);

    /// The result sees the project's variables in here.
    ServiceSurroundings make(const ServiceSetting& service);
    /// What all services inherit.
    const std::map<std::string, std::string>& project_variables() const {
        return project_.scope.variables;
    }

    /// Env files that were wanted and are not in the surroundings.
    const std::set<std::string>& missing_files() const { return missing_files_; }
    /// Users and groups that were wanted and are not in the surroundings.
    const MissingAccounts& missing_accounts() const { return missing_accounts_; }
    std::vector<Diagnostic> take_diagnostics() { return std::move(diagnostics_); }

private:
    struct ParsedFile {
        SourceFile source;
        Dotenv dotenv;
    };
    /// The variables so far, and which of those that devstack would set itself were set by
    /// somebody, not merely inherited.
    struct Layers {
        Scope scope;
        std::set<std::string> declared;
    };

    void add_env_file(const SourceText& setting, const std::string& directory, Layers& layers);
    const ParsedFile* find_parsed(const std::string& path,
                                  const SourceText& setting,
                                  bool is_project);
    void report_unreadable(const EnvFile& file, const SourceText& setting, bool is_project);
    void add_entries(const ParsedFile& file, Layers& layers);
    static void add_user(const UserAccount& user, Layers& layers);
    static void add_terminal(Layers& layers);
    void add_env(const ServiceSetting& service, Layers& layers);
    void check_port(const ServiceSetting& service, const Scope& scope);
    void check_required(const ServiceSetting& service, const Scope& scope);
    void check_size(const ServiceSetting& service, const Scope& scope);
    std::string describe_sources(const ServiceSetting& service) const;

    const Profile& profile_;
    const Surroundings& surroundings_;
    std::map<std::string, ParsedFile> parsed_;
    std::set<std::string> missing_files_;
    MissingAccounts missing_accounts_;
    std::vector<Diagnostic> diagnostics_;
    Layers project_;
};

}  // namespace devstack::core
