#pragma once

#include "devstack/core/doctor/finding.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace devstack::test {

using namespace devstack::core::doctor;

/// Two services that are well: api on 3101, and web on 3200 which calls it.
class World {
public:
    World() {
        facts.profile = "devstack.toml";
        add_service("api", 3101, 10);
        add_service("web", 3200, 20);
        service("web").needs = {{"api", "ready"}};
        facts.machine.memory_bytes = 16ULL << 30U;
        facts.machine.available_bytes = 8ULL << 30U;
    }

    ServiceFact& service(const std::string& name) {
        return *std::ranges::find(facts.services, name, &ServiceFact::name);
    }
    DialFact& probe(const std::string& name) {
        return *std::ranges::find(facts.dials, "probe of " + name, &DialFact::id);
    }
    void say(const std::string& name, const std::string& text) {
        facts.logs.push_back({name, name + ".log", {{"2026-11-20T18:37:03.000Z", text}}});
    }
    /// A variable with a URL, and what came of dialling it.
    DialFact& refer(const std::string& name,
                    const std::string& variable,
                    const std::string& scheme,
                    int port) {
        ReferenceFact reference;
        reference.service = name;
        reference.kind = "env";
        reference.name = variable;
        reference.where = name + "/.env:3";
        reference.scheme = scheme;
        reference.user = "shop";
        reference.host = "localhost";
        reference.port = port;
        reference.path = "/orders";
        reference.dial = scheme + ":" + std::to_string(port);
        facts.references.push_back(reference);
        DialFact dial;
        dial.id = reference.dial;
        dial.purpose = "reference";
        dial.protocol = scheme;
        dial.host = "localhost";
        dial.port = port;
        dial.stage = "done";
        dial.addresses = {{"127.0.0.1", "connected"}};
        facts.dials.push_back(dial);
        return facts.dials.back();
    }
    void break_probe(const std::string& name, int status, const std::string& body = "") {
        probe(name).status = status;
        probe(name).is_unexpected = true;
        probe(name).expected = "200-299";
        probe(name).body = body;
        service(name).phase = "unhealthy";
    }
    /// It has ended by itself.
    void end(const std::string& name, int code) {
        ServiceFact& it = service(name);
        it.phase = "failed";
        it.pid = 0;
        it.has_exited = true;
        it.exit_code = code;
        std::erase_if(facts.listeners, [&](const ListenerFact& l) { return l.service == name; });
        probe(name) = refused(probe(name));
    }
    static DialFact refused(DialFact dial) {
        dial.stage = "connect";
        dial.status = 0;
        dial.error = "connection refused";
        dial.addresses = {{"127.0.0.1", "refused"}};
        return dial;
    }

    std::vector<Finding> findings() const { return diagnose(facts).findings; }
    /// "[id] sentence" of each, one a line; below it what it explains.
    std::string said() const {
        std::string text;
        for (const Finding& it : findings()) {
            text += "[" + it.id + "] " + it.what + "\n";
            for (const std::string& line : it.explains)
                text += "  why " + line + "\n";
        }
        return text;
    }

    Facts facts;

private:
    void add_service(const std::string& name, int port, int pid) {
        ServiceFact service;
        service.name = name;
        service.kind = "service";
        service.phase = "ready";
        service.is_wanted = true;
        service.pid = pid;
        service.ports = {std::to_string(port)};
        service.command = "node " + name + ".js";
        service.words = {"node", name + ".js"};
        service.working_dir = name;
        service.declared_at = "devstack.toml:1";
        service.probe_timeout = 2;
        facts.services.push_back(service);
        ProcessFact process;
        process.pid = pid;
        process.state = "S";
        process.name = "node";
        process.command = service.command;
        process.service = name;
        facts.processes.push_back(process);
        ListenerFact listener;
        listener.port = port;
        listener.address = "127.0.0.1";
        listener.pid = pid;
        listener.command = service.command;
        listener.service = name;
        facts.listeners.push_back(listener);
        DialFact dial;
        dial.id = "probe of " + name;
        dial.purpose = "probe";
        dial.protocol = "http";
        dial.host = "127.0.0.1";
        dial.port = port;
        dial.path = "/health";
        dial.stage = "done";
        dial.status = 200;
        dial.addresses = {{"127.0.0.1", "connected"}};
        facts.dials.push_back(dial);
    }
};

}  // namespace devstack::test
