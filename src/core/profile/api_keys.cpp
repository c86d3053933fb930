#include "api_keys.hpp"

#include "section.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include <arpa/inet.h>

namespace devstack::core {

namespace {

bool is_address(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_loopback(const std::string& address) {
    return address == "::1" || address.starts_with("127.");
}

/// "127.0.0.1:7070", "[::1]:7070", "localhost:7070".
bool take_apart(std::string_view text, ApiSetting& api) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    } else if (address.find(':') != std::string_view::npos) {
        return false;
    }
    api.address = address == "localhost" ? "127.0.0.1" : std::string{address};
    const char* const end = text.data() + text.size();
    const auto number = std::from_chars(text.data() + colon + 1, end, api.port.number);
    return is_address(api.address) && number.ec == std::errc{} && number.ptr == end &&
           api.port.number != 0;
}

void read_listen(const Setting& it, ApiSetting& to) {
    const auto text = read_text(it);
    if (!text) return;
    to.place = text->place;
    if (take_apart(text->text, to)) return;
    to.address.clear();
    it.report_bad_value("bad-address",
                        "\"" + text->text +
                            "\" is not an address and a port such as \"127.0.0.1:7070\" or "
                            "\"[::1]:7070\"");
}

constexpr Form listen_form = text_like([] { return std::string{"^.+:[0-9]{1,5}$"}; });

constexpr std::array keys{
    Key<ApiSetting>{.name = "listen",
                    .expected = "an address and a port such as \"127.0.0.1:7070\"",
                    .read = read_listen,
                    .also_called = "address bind port host",
                    .form = listen_form,
                    .summary = "Where the API is also served by TCP, to who knows the token.",
                    .presence = Presence::required},
    Key<ApiSetting>{
        .name = "allow_remote",
        .expected = "true or false",
        .read = [](const Setting& it, ApiSetting& to) { to.is_remote = read_boolean(it); },
        .also_called = "remote public expose",
        .form = true_or_false,
        .summary = "`listen` may be other than a loopback address.",
        .if_absent = "false"}};

}  // namespace

std::optional<ApiSetting> read_api(const Setting& setting) {
    if (!setting.value.is_table()) {
        setting.report_wrong_type("write [api]");
        return std::nullopt;
    }
    ApiSetting api;
    read_section(setting.value, keys, api, {"[api]", "api."}, setting.report);
    if (!is_written(setting.value, keys, "listen")) {
        setting.report.error("missing-listen",
                             setting.key_place,
                             "[api] has no `listen`",
                             "add listen = \"127.0.0.1:7070\"");
    }
    if (api.address.empty()) return std::nullopt;
    if (!is_loopback(api.address) && !api.is_remote) {
        setting.report.error(
            "not-loopback",
            api.place,
            "`api.listen`: " + api.address +
                " is not a loopback address: whoever reaches this host could knock",
            "write 127.0.0.1, or add allow_remote = true");
    }
    return api;
}

std::vector<KeyView> api_key_views() {
    return views_of<keys>();
}

}  // namespace devstack::core
