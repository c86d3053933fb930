#include "api_keys.hpp"

#include "devstack/base/ip_address.hpp"
#include "devstack/core/probes/url.hpp"

#include "section.hpp"

#include <array>
#include <string_view>

namespace devstack::core {

namespace {

/// "127.0.0.1:7070", "[::1]:7070", "localhost:7070". Where to listen is said in full, unlike where
/// to connect: no port alone.
bool take_apart(std::string_view text, ApiSetting& api) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const Result<HostAndPort> place = parse_host_and_port(text);
    if (!place) return false;
    api.address = place->host == "localhost" ? "127.0.0.1" : place->host;
    api.port = place->port;
    return is_ip_address(api.address);
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
