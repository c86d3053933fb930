#include "port_keys.hpp"

#include "devstack/base/ip_address.hpp"

#include "section.hpp"

#include <utility>

namespace devstack::core {

namespace {

Port read_number(const Setting& it) {
    if (it.value.is_string() && it.value.text == "auto") {
        it.report.error("not-yet-supported",
                        it.value.place,
                        "`" + it.name + "`: \"auto\" is not supported yet",
                        "give a number, such as 3000");
        return {};
    }
    return Port{static_cast<std::uint16_t>(
        read_integer(it, port_number.low, port_number.high).value_or(0))};
}

void read_host(const Setting& it, PortSetting& port) {
    port.host = read_text(it);
    if (!port.host) return;
    if (port.host->text == "localhost") port.host->text = "127.0.0.1";
    if (is_ip_address(port.host->text)) return;
    it.report_bad_value("bad-address",
                        "\"" + port.host->text +
                            "\" is not an address such as \"127.0.0.1\", \"0.0.0.0\" or \"::1\"");
}

constexpr Form address = text_like([]() -> std::string {
    constexpr auto v4 = R"([0-9]{1,3}(\.[0-9]{1,3}){3})";
    constexpr auto v6 = R"([0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)";
    return std::string{"^(localhost|"} + v4 + "|" + v6 + ")$";
});

constexpr std::array keys{
    Key<PortSetting>{.name = "port",
                     .expected = "a number from 1 to 65535",
                     .read =
                         [](const Setting& it, PortSetting& to) {
                             to.port = read_number(it);
                             to.place = it.value.place;
                         },
                     .also_called = "number published target",
                     .form = port_number,
                     .summary = "The number of the port.",
                     .presence = Presence::required},
    Key<PortSetting>{
        .name = "socket",
        .expected = "true or false",
        .read = [](const Setting& it, PortSetting& to) { to.is_socket = read_boolean(it); },
        .also_called = "listen hold activation",
        .form = true_or_false,
        .summary = "devstack listens there and hands the socket to each run, as systemd does.",
        .if_absent = "false"},
    Key<PortSetting>{.name = "host",
                     .expected = "an address such as \"127.0.0.1\"",
                     .read = read_host,
                     .also_called = "address bind ip host_ip interface",
                     .form = address,
                     .summary = "The address on which devstack listens; 127.0.0.1 if absent.",
                     .only_with = "socket"}};

}  // namespace

PortSetting read_port(const Setting& setting, std::string name) {
    PortSetting port;
    port.name = std::move(name);
    port.place = setting.value.place;
    if (!setting.value.is_table()) {
        port.port = read_number(setting);
        return port;
    }
    read_section(
        setting.value, keys, port, {"`" + setting.name + "`", setting.name + "."}, setting.report);
    if (!is_written(setting.value, keys, "port")) {
        setting.report.error(
            "missing-port", port.place, "`" + setting.name + "` needs a `port`", "add port = 3000");
    }
    if (port.host && !is_written(setting.value, keys, "socket")) {
        setting.report.error("port-host",
                             port.host->place,
                             "`" + setting.name + ".host` is only for a port with `socket = true`");
    }
    return port;
}

std::vector<KeyView> port_key_views() {
    return views_of<keys>();
}

}  // namespace devstack::core
