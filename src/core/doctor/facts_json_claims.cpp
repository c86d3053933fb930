// Some of the tables of facts_json.cpp.

#include "devstack/core/doctor/facts_json.hpp"

#include "core/api/json_fields.hpp"

namespace devstack::core::api {

using namespace doctor;

template <>
const Shape& shape_of<FolderFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&FolderFact::service>},
        {"path", slot<&FolderFact::path>},
        {"is_missing", slot<&FolderFact::is_missing>},
        {"nearest", slot<&FolderFact::nearest>},
        {"has_package_json", slot<&FolderFact::has_package_json>},
        {"is_module_package", slot<&FolderFact::is_module_package>},
        {"has_node_modules", slot<&FolderFact::has_node_modules>},
        {"lock_file", slot<&FolderFact::lock_file>},
        {"is_lock_newer", slot<&FolderFact::is_lock_newer>},
        {"not_installed", slot<&FolderFact::not_installed>},
        {"not_linked", slot<&FolderFact::not_linked>},
        {"workspace", slot<&FolderFact::workspace>},
        {"node_wanted", slot<&FolderFact::node_wanted>},
        {"node_wanted_in", slot<&FolderFact::node_wanted_in>},
        {"requirements", slot<&FolderFact::requirements>},
        {"virtualenv", slot<&FolderFact::virtualenv>},
        {"migrations", slot<&FolderFact::migrations>},
        {"migrate_command", slot<&FolderFact::migrate_command>},
        {"install_command", slot<&FolderFact::install_command>},
        {"build_directory", slot<&FolderFact::build_directory>},
        {"newer_source", slot<&FolderFact::newer_source>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ModuleFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ModuleFact::service>},
        {"name", slot<&ModuleFact::name>},
        {"names", slot<&ModuleFact::names>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<CrashFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&CrashFact::service>},
        {"pid", slot<&CrashFact::pid>},
        {"time", slot<&CrashFact::time>},
        {"ended", slot<&CrashFact::ended>},
        {"why", slot<&CrashFact::why>},
        {"code", slot<&CrashFact::code>},
        {"signal", slot<&CrashFact::signal>},
        {"lived_seconds", slot<&CrashFact::lived_seconds>},
        {"peak_memory_bytes", slot<&CrashFact::peak_memory_bytes>},
        {"oom_kills", slot<&CrashFact::oom_kills>},
        {"finding", slot<&CrashFact::finding>},
        {"cause", slot<&CrashFact::cause>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<MiddlewareFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&MiddlewareFact::service>},
        {"name", slot<&MiddlewareFact::name>},
        {"where", slot<&MiddlewareFact::where>},
        {"at", slot<&MiddlewareFact::at>},
        {"fault", slot<&MiddlewareFact::fault>},
        {"route", slot<&MiddlewareFact::route>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<TaskLimitFact>() {
    static constexpr Field fields[] = {
        {"from", slot<&TaskLimitFact::from>},
        {"limit", slot<&TaskLimitFact::limit>},
        {"used", slot<&TaskLimitFact::used>},
        {"services", slot<&TaskLimitFact::services>},
        {"first_uses", slot<&TaskLimitFact::first_uses>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<MentionFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&MentionFact::service>},
        {"port", slot<&MentionFact::port>},
        {"where", slot<&MentionFact::where>},
        {"file", slot<&MentionFact::file>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FileFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&FileFact::service>},
        {"word", slot<&FileFact::word>},
        {"trouble", slot<&FileFact::trouble>},
        {"path", slot<&FileFact::path>},
        {"is_missing", slot<&FileFact::is_missing>},
        {"first_missing", slot<&FileFact::first_missing>},
        {"leads_to", slot<&FileFact::leads_to>},
        {"nearest", slot<&FileFact::nearest>},
        {"barrier", slot<&FileFact::barrier>},
        {"refuses", slot<&FileFact::refuses>},
        {"mode", slot<&FileFact::mode>},
        {"owner", slot<&FileFact::owner>},
        {"group", slot<&FileFact::group>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<OutgoingFact>() {
    static constexpr Field fields[] = {
        {"port", slot<&OutgoingFact::port>},
        {"pid", slot<&OutgoingFact::pid>},
        {"command", slot<&OutgoingFact::command>},
        {"user", slot<&OutgoingFact::user>},
        {"service", slot<&OutgoingFact::service>},
        {"peer", slot<&OutgoingFact::peer>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ClaimFact>() {
    static constexpr Field fields[] = {
        {"path", slot<&ClaimFact::path>},
        {"kind", slot<&ClaimFact::kind>},
        {"pid", slot<&ClaimFact::pid>},
        {"is_alive", slot<&ClaimFact::is_alive>},
        {"command", slot<&ClaimFact::command>},
        {"service", slot<&ClaimFact::service>},
        {"waiter", slot<&ClaimFact::waiter>},
        {"waiter_service", slot<&ClaimFact::waiter_service>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ReportFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ReportFact::service>},
        {"file", slot<&ReportFact::file>},
        {"pid", slot<&ReportFact::pid>},
        {"time", slot<&ReportFact::time>},
        {"trigger", slot<&ReportFact::trigger>},
        {"message", slot<&ReportFact::message>},
        {"frames", slot<&ReportFact::frames>},
        {"heap_used_bytes", slot<&ReportFact::heap_used_bytes>},
        {"heap_limit_bytes", slot<&ReportFact::heap_limit_bytes>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<KernelFact>() {
    static constexpr Field fields[] = {
        {"time", slot<&KernelFact::time>},
        {"age_seconds", slot<&KernelFact::age_seconds>},
        {"kind", slot<&KernelFact::kind>},
        {"pid", slot<&KernelFact::pid>},
        {"program", slot<&KernelFact::program>},
        {"resident_bytes", slot<&KernelFact::resident_bytes>},
        {"port", slot<&KernelFact::port>},
        {"detail", slot<&KernelFact::detail>},
        {"text", slot<&KernelFact::text>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ProxyRouteFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ProxyRouteFact::service>},
        {"product", slot<&ProxyRouteFact::product>},
        {"ports", slot<&ProxyRouteFact::ports>},
        {"path", slot<&ProxyRouteFact::path>},
        {"group", slot<&ProxyRouteFact::group>},
        {"directive", slot<&ProxyRouteFact::directive>},
        {"where", slot<&ProxyRouteFact::where>},
        {"scheme", slot<&ProxyRouteFact::scheme>},
        {"host", slot<&ProxyRouteFact::host>},
        {"port", slot<&ProxyRouteFact::port>},
        {"is_checked", slot<&ProxyRouteFact::is_checked>},
        {"keeps_host", slot<&ProxyRouteFact::keeps_host>},
        {"strips", slot<&ProxyRouteFact::strips>},
        {"puts", slot<&ProxyRouteFact::puts>},
        {"strips_by", slot<&ProxyRouteFact::strips_by>},
        {"strips_where", slot<&ProxyRouteFact::strips_where>},
        {"timeout", slot<&ProxyRouteFact::timeout>},
        {"timeout_by", slot<&ProxyRouteFact::timeout_by>},
        {"timeout_where", slot<&ProxyRouteFact::timeout_where>},
        {"check_path", slot<&ProxyRouteFact::check_path>},
        {"check_by", slot<&ProxyRouteFact::check_by>},
        {"check_where", slot<&ProxyRouteFact::check_where>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ProxyRuleFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ProxyRuleFact::service>},
        {"product", slot<&ProxyRuleFact::product>},
        {"kind", slot<&ProxyRuleFact::kind>},
        {"ports", slot<&ProxyRuleFact::ports>},
        {"hosts", slot<&ProxyRuleFact::hosts>},
        {"path", slot<&ProxyRuleFact::path>},
        {"group", slot<&ProxyRuleFact::group>},
        {"text", slot<&ProxyRuleFact::text>},
        {"where", slot<&ProxyRuleFact::where>},
        {"condition", slot<&ProxyRuleFact::condition>},
        {"target", slot<&ProxyRuleFact::target>},
        {"status", slot<&ProxyRuleFact::status>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<PathFact>() {
    static constexpr Field fields[] = {
        {"path", slot<&PathFact::path>},
        {"kind", slot<&PathFact::kind>},
        {"mode", slot<&PathFact::mode>},
        {"owner", slot<&PathFact::owner>},
        {"group", slot<&PathFact::group>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

}  // namespace devstack::core::api
