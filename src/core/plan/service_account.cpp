#include "service_account.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace devstack::core {

namespace {

/// The highest number stands for "leave it as it is" in the calls of the kernel.
constexpr std::uint32_t id_max = std::numeric_limits<std::uint32_t>::max() - 1;

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// Empty when it is too large.
std::optional<std::uint32_t> parse_id(const std::string& text) {
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    const bool is_whole = error == std::errc{} && end == text.data() + text.size();
    return is_whole && id <= id_max ? std::optional{id} : std::nullopt;
}

}  // namespace

/// As it stands in the profile, with its variables replaced.
struct AccountFinder::Written {
    std::optional<SourceText> user;
    std::optional<SourceText> group;
    std::vector<SourceText> more_groups;
};

std::optional<AccountFinder::Written> AccountFinder::read(const ProcessSetting& setting,
                                                          const Scope& scope) {
    const std::size_t mistakes = diagnostics_.size();
    const auto take = [&](const SourceText& text, const char* key) {
        SourceText taken{expand(text, scope, diagnostics_), text.place};
        if (taken.text.empty() && diagnostics_.size() == mistakes) {
            diagnostics_.push_back(scope.profile->source.error(
                "bad-name", text.place, std::string{"`"} + key + "` is empty"));
        }
        return taken;
    };
    Written written;
    if (setting.user) written.user = take(*setting.user, "user");
    if (setting.group) written.group = take(*setting.group, "group");
    for (const SourceText& group : setting.group_add)
        written.more_groups.push_back(take(group, "group_add"));
    const auto colon = written.user ? written.user->text.find(':') : std::string::npos;
    if (diagnostics_.size() > mistakes) return std::nullopt;
    if (colon == std::string::npos) return written;
    SourceText group{written.user->text.substr(colon + 1), written.user->place};
    written.user->text.resize(colon);
    std::string problem;
    if (written.group) problem = "`user` names a group already, so `group` must not";
    if (written.user->text.empty() || group.text.empty() ||
        group.text.find(':') != std::string::npos) {
        problem = "`user`: \"" + written.user->text + ":" + group.text +
                  "\" is not of the form USER:GROUP";
    }
    if (!problem.empty()) {
        diagnostics_.push_back(
            scope.profile->source.error("bad-name", written.user->place, problem));
        return std::nullopt;
    }
    written.group = std::move(group);
    return written;
}

std::optional<UserAccount> AccountFinder::find_user(const Written& written, const Scope& scope) {
    const SourceText& user = *written.user;
    const auto found = accounts_.users.find(user.text);
    if (found == accounts_.users.end()) {
        missing_.users.insert(user.text);
        return std::nullopt;
    }
    if (found->second) return found->second;
    const SourceFile& source = scope.profile->source;
    const auto number = is_number(user.text) ? parse_id(user.text) : std::nullopt;
    if (!number) {
        diagnostics_.push_back(
            source.error("unknown-user",
                         user.place,
                         "user `" + user.text + "` does not exist on this machine",
                         "create it with useradd, or write numbers, such as \"1000:1000\""));
        return std::nullopt;
    }
    if (!written.group) {
        diagnostics_.push_back(source.error(
            "unknown-user",
            user.place,
            "user " + user.text + " has no account on this machine, so its group is not known",
            "write its group too: \"" + user.text + ":GROUP\""));
        return std::nullopt;
    }
    return UserAccount{user.text, *number, 0, "/", "/bin/sh", {}};
}

std::optional<std::uint32_t> AccountFinder::find_group(const SourceText& name, const Scope& scope) {
    if (is_number(name.text)) {
        if (const auto number = parse_id(name.text)) return number;
    }
    const auto found = accounts_.groups.find(name.text);
    if (found == accounts_.groups.end()) {
        missing_.groups.insert(name.text);
        return std::nullopt;
    }
    if (found->second) return found->second;
    diagnostics_.push_back(
        scope.profile->source.error("unknown-group",
                                    name.place,
                                    "group `" + name.text + "` does not exist on this machine",
                                    "create it with groupadd, or write its number"));
    return std::nullopt;
}

/// Whoever is not root may at least be asked to stay who it is.
bool AccountFinder::may_become(const Identity& identity) const {
    const UserAccount& self = accounts_.self;
    if (self.user == 0) return true;
    const auto has_group = [&self](std::uint32_t group) {
        return group == self.group || std::ranges::find(self.groups, group) != self.groups.end();
    };
    return identity.user == self.user && identity.group == self.group &&
           std::ranges::all_of(identity.groups, has_group);
}

void AccountFinder::report_need_of_root(const ProcessSetting& setting, const Scope& scope) {
    const bool is_user = setting.user.has_value();
    const std::string key = is_user ? "user" : setting.group ? "group" : "group_add";
    const Place place = is_user         ? setting.user->place
                        : setting.group ? setting.group->place
                                        : setting.group_add.front().place;
    diagnostics_.push_back(
        scope.profile->source.error("needs-root",
                                    place,
                                    "`" + key + "`: devstack runs as " + accounts_.self.name +
                                        "; only root can start a service " +
                                        (is_user ? "as another user" : "with other groups"),
                                    "start devstack as root, or remove `" + key + "`"));
}

ServiceAccount AccountFinder::find(const ProcessSetting& setting, const Scope& scope) {
    if (!setting.user && !setting.group && setting.group_add.empty()) return {};
    const auto written = read(setting, scope);
    if (!written) return {};
    ServiceAccount account;
    bool is_complete = true;
    if (written->user) {
        account.user = find_user(*written, scope);
        is_complete = account.user.has_value();
    }
    const UserAccount& user = account.user ? *account.user : accounts_.self;
    Identity identity{user.name, user.user, user.group, user.groups};
    if (written->group) {
        const auto group = find_group(*written->group, scope);
        is_complete = is_complete && group.has_value();
        identity.group = group.value_or(0);
    }
    for (const SourceText& name : written->more_groups) {
        const auto group = find_group(name, scope);
        is_complete = is_complete && group.has_value();
        if (group) identity.groups.push_back(*group);
    }
    if (!is_complete) return {};
    identity.groups.push_back(identity.group);
    std::ranges::sort(identity.groups);
    const auto doubles = std::unique(identity.groups.begin(), identity.groups.end());
    identity.groups.erase(doubles, identity.groups.end());
    if (!may_become(identity)) {
        report_need_of_root(setting, scope);
    } else if (accounts_.self.user == 0) {
        account.identity = std::move(identity);
    }
    return account;
}

}  // namespace devstack::core
