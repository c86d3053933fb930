// Source: "What's New in Python", 3.7 to 3.14, and the manual's notes of versions; node.green and
// the histories in Node.js's manual.

#include "core/doctor/library_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace devstack::core::doctor {

namespace {

constexpr const char* abc = "import it from collections.abc";

constexpr PythonName names[] = {
    {"typing", "Final", 8},
    {"typing", "Literal", 8},
    {"typing", "Protocol", 8},
    {"typing", "TypedDict", 8},
    {"typing", "Annotated", 9},
    {"typing", "Concatenate", 10},
    {"typing", "ParamSpec", 10},
    {"typing", "TypeAlias", 10},
    {"typing", "TypeGuard", 10},
    {"typing", "LiteralString", 11},
    {"typing", "Never", 11},
    {"typing", "NotRequired", 11},
    {"typing", "Required", 11},
    {"typing", "Self", 11},
    {"typing", "TypeVarTuple", 11},
    {"typing", "Unpack", 11},
    {"typing", "assert_never", 11},
    {"typing", "assert_type", 11},
    {"typing", "dataclass_transform", 11},
    {"typing", "reveal_type", 11},
    {"typing", "TypeAliasType", 12},
    {"typing", "override", 12},
    {"typing", "NoDefault", 13},
    {"typing", "ReadOnly", 13},
    {"typing", "TypeIs", 13},
    {"asyncio", "to_thread", 9},
    {"asyncio", "Runner", 11},
    {"asyncio", "TaskGroup", 11},
    {"asyncio", "timeout", 11},
    {"asyncio", "timeout_at", 11},
    {"collections.abc", "Buffer", 12},
    {"contextlib", "aclosing", 10},
    {"contextlib", "chdir", 11},
    {"copy", "replace", 13},
    {"dataclasses", "KW_ONLY", 10},
    {"datetime", "UTC", 11},
    {"enum", "StrEnum", 11},
    {"functools", "cached_property", 8},
    {"functools", "cache", 9},
    {"http", "HTTPMethod", 11},
    {"importlib.resources", "files", 9},
    {"inspect", "get_annotations", 10},
    {"itertools", "pairwise", 10},
    {"itertools", "batched", 12},
    {"math", "prod", 8},
    {"math", "lcm", 9},
    {"types", "NoneType", 10},
    {"types", "UnionType", 10},
    {"warnings", "deprecated", 13},
    {"collections", "Awaitable", 0, 10, abc},
    {"collections", "Callable", 0, 10, abc},
    {"collections", "Container", 0, 10, abc},
    {"collections", "Coroutine", 0, 10, abc},
    {"collections", "Generator", 0, 10, abc},
    {"collections", "Hashable", 0, 10, abc},
    {"collections", "Iterable", 0, 10, abc},
    {"collections", "Iterator", 0, 10, abc},
    {"collections", "KeysView", 0, 10, abc},
    {"collections", "Mapping", 0, 10, abc},
    {"collections", "MutableMapping", 0, 10, abc},
    {"collections", "MutableSequence", 0, 10, abc},
    {"collections", "MutableSet", 0, 10, abc},
    {"collections", "Sequence", 0, 10, abc},
    {"collections", "Set", 0, 10, abc},
    {"collections", "Sized", 0, 10, abc},
    {"asyncio", "coroutine", 0, 11, "write async def, and await for yield from"},
    {"base64", "decodestring", 0, 9, "use base64.decodebytes"},
    {"base64", "encodestring", 0, 9, "use base64.encodebytes"},
    {"cgi", "escape", 0, 8, "use html.escape"},
    {"configparser", "SafeConfigParser", 0, 12, "use configparser.ConfigParser"},
    {"fractions", "gcd", 0, 9, "use math.gcd"},
    {"importlib", "find_loader", 0, 12, "use importlib.util.find_spec"},
    {"inspect", "formatargspec", 0, 11, "use inspect.signature"},
    {"inspect", "getargspec", 0, 11, "use inspect.getfullargspec"},
    {"locale", "format", 0, 12, "use locale.format_string"},
    {"pkgutil", "ImpImporter", 0, 12, "pip install --upgrade pip setuptools"},
    {"platform", "linux_distribution", 0, 8, "use platform.freedesktop_os_release"},
    {"ssl", "match_hostname", 0, 12, "let an ssl.SSLContext check it (check_hostname)"},
    {"ssl", "wrap_socket", 0, 12, "use ssl.SSLContext.wrap_socket"},
    {"time", "clock", 0, 8, "use time.perf_counter"},
};

struct NodeName {
    std::string_view name;
    int since;
};

constexpr NodeName node_names[] = {
    {"structuredClone", 17},
    {"fetch", 18},
    {"FormData", 18},
    {"Headers", 18},
    {"ReadableStream", 18},
    {"CustomEvent", 19},
    {"AbortSignal.any", 20},
    {"File", 20},
    {"process.loadEnvFile", 20},
    {"Map.groupBy", 21},
    {"Object.groupBy", 21},
    {"Array.fromAsync", 22},
    {"Promise.withResolvers", 22},
    {"WebSocket", 22},
    {"Promise.try", 24},
    {"RegExp.escape", 24},
};

}  // namespace

const PythonName* find_python_name(const std::string& module, const std::string& name) {
    const auto* const found = std::ranges::find_if(
        names, [&](const PythonName& it) { return it.module == module && it.name == name; });
    return found == std::end(names) ? nullptr : found;
}

int node_version_with(const std::string& name) {
    const auto* const found = std::ranges::find(node_names, name, &NodeName::name);
    return found == std::end(node_names) ? 0 : found->since;
}

}  // namespace devstack::core::doctor
