#include "cli/manual.hpp"

#include "devstack/cli/terminal.hpp"

#include <algorithm>

namespace devstack::cli {

namespace {

constexpr std::string_view indent = "    ";

constexpr std::string_view exit_service = R"(0  done
1  failed; the reason is told
3  the project is not running
4  there is no such service; the known ones are told)";

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::string indented(std::string_view text) {
    std::string out;
    for (const std::string_view line : lines_of(text)) {
        if (!line.empty()) out += indent;
        out += line;
        out += '\n';
    }
    return out;
}

std::string render_lines(const std::vector<HelpLine>& lines) {
    std::size_t width = 0;
    for (const HelpLine& line : lines)
        width = std::max(width, display_width(line.term));
    std::string text;
    for (const HelpLine& line : lines) {
        text += std::string{indent} + pad(line.term, width) + "  " + line.description + "\n";
    }
    return text;
}

std::string render_examples(std::string_view examples) {
    std::string text;
    bool is_command = true;
    for (const std::string_view line : lines_of(examples)) {
        text += std::string{indent} + (is_command ? "" : "    ") + std::string{line} + "\n";
        is_command = !is_command;
    }
    return text;
}

/// Those that bring up, look at and change what runs.
std::vector<Manual> manuals_of_what_runs() {
    return {
        {"up",
         "start everything, in order, and show one log of it",
         "[PROFILE] [SERVICE...] [-d] [--wait] [--free-ports] [--timeout TIME]",
         R"(Starts the services of a profile, or those named and all that they need, in the order
of their needs. PROFILE is a path, or a name that is looked up in ./profiles,
~/.config/devstack/profiles and /etc/devstack/profiles; without it, devstack.toml here
or in the nearest directory above is used.

In the foreground one log of all services is shown until everything has been stopped;
Ctrl-C stops everything, a second one kills. On a terminal, ? shows what else can be
pressed: r restarts a service, / searches the log, t is `devstack top`, d leaves
everything running. A second `up` attaches to the first.)",
         R"(devstack up
Everything, in the foreground.
devstack up -d --wait
Start everything, and return when all is ready.
devstack up demo api
The service api of the profile demo, and what it needs.
devstack up --free-ports
End whoever holds a port that a service needs.)",
         R"(0  everything has been stopped, or, with --wait, is ready
1  something can not become ready, or was not within --timeout
2  wrong usage, or mistakes in the profile
4  there is no such service; the known ones are told)"},
        {"down",
         "stop everything, and wait until it is gone",
         "[--timeout TIME] [--force]",
         R"(Stops all services, those first that nobody needs, and ends the project's daemon. What
happens is shown, and what is still in the way is named while it is waited for. Nothing
is left behind: it returns when the daemon is gone.)",
         R"(devstack down
Stop everything.
devstack down --force
Kill what does not want to end.)",
         R"(0  nothing runs (any more)
1  something was still there after --timeout; it is named)"},
        {"status",
         "show what runs, and why it is as it is",
         "[SERVICE...] [--watch] [--usage] [--json]",
         R"(One line for each service: its phase, its process, its port, its health, and the reason
for its phase. On a terminal, what has a problem is marked with "!". CPU and memory cost
a look at every process: they are shown on a terminal, with --watch and with --usage.)",
         R"(devstack status
All services.
devstack status api --json
One of them, for a program.
devstack status --watch
Keep looking.)",
         R"(0  everything that is wanted is ready, or completed
1  something that is wanted is not
3  the project is not running
4  there is no such service; the known ones are told)"},
        {"top",
         "look at everything on the whole screen, and act by key",
         "",
         R"(Services and their logs on the whole terminal, drawn anew when something happens. Choose
a service with the arrow keys; r restarts it, s starts, x stops, y tells why it is as it
is; / searches the log, enter shows that of the service alone; ? shows all keys. What
runs goes on when it is left. It finds the daemon again after a restart of that.)",
         R"(devstack top
The project here.
devstack --project shop top
That one, from anywhere.)",
         R"(0  left, or the project has been stopped meanwhile
1  the daemon is gone and does not come back
2  there is no terminal for it
3  the project is not running)"},
        {"why",
         "tell why a service is as it is",
         "SERVICE [--json]",
         R"(One sentence, the facts behind it, the last events of the service, and, when it is not
ready, the last lines of its log.)",
         R"(devstack why api
Why is api not ready?)",
         exit_service},
        {"logs",
         "show what the services have written",
         "[SERVICE...] [-f] [-n N] [--since TIME] [--until TIME] [--grep RE]",
         R"(The lines of all services, or of those named, by time. They are read from the log files,
whether the project runs or not; -f needs it to run, and goes on when its daemon is
restarted. TIME is "12:00", "2026-11-21 12:00", "2026-11-21T12:00:03Z", or how long ago:
"10m". Without -n, --since, --until and --grep the last 200 lines are shown.)",
         R"(devstack logs -f
All services, on and on.
devstack logs api -n 50 --stderr
The last 50 lines that api wrote to standard error.
devstack logs --since 10m --grep 'error|warn'
What went wrong in the last ten minutes.
devstack logs api -n all --no-prefix
Everything there is, as api wrote it.)",
         R"(0  done
1  failed; the reason is told
2  wrong usage, such as a bad regular expression
3  -f, and the project is not running
4  there is no such service; the known ones are told)"},
        {"start",
         "start services, and what they need",
         "SERVICE... [--timeout TIME] [--no-wait]",
         R"(Starts services and all that they need, and waits until they are ready. What has failed
before is tried anew, with a fresh restart budget.)",
         R"(devstack start api
Start api and what it needs, and wait until it is ready.
devstack start api worker --no-wait
Only ask for it.)",
         exit_service},
        {"stop",
         "stop services, and what needs them",
         "SERVICE... [--timeout TIME] [--no-wait]",
         R"(Stops services, and before them whatever needs them, and waits until they are gone.)",
         R"(devstack stop postgres
Stop postgres, and before it all that needs it.)",
         exit_service},
        {"restart",
         "end services and start them anew",
         "SERVICE... [--timeout TIME] [--no-wait]",
         R"(Ends the processes of services and starts them anew, and waits until they are ready.
What needs them is left alone.)",
         R"(devstack restart api
Restart api.)",
         exit_service},
        {"reload",
         "apply a changed profile, touching only what changed",
         "[PROFILE] [--dry-run] [--timeout TIME] [--no-wait] [--json]",
         R"(Reads the profile and its env files again. Services whose process would be another one now
are ended, with the settings that they were started with, and started anew; new ones are
started, those that are gone are stopped, and all others go on. What only devstack itself
goes by (health, restart, depends_on, stop_timeout and the like) is taken on without a
restart. With mistakes in the profile nothing is changed, and all of them are shown.
SIGHUP to the daemon, or to an `up` in the foreground, does the same.)",
         R"(devstack reload
Apply what has changed.
devstack reload --dry-run
Tell what that would do.)",
         R"(0  done: what was changed or is new is ready, what has gone is stopped
1  something could not become ready, or was not within --timeout
2  wrong usage, or mistakes in the profile: nothing was changed
3  the project is not running)"},
        {"upgrade",
         "go on with this devstack, after a new one was installed",
         "[--force] [--json]",
         R"(Makes keeper and daemon of a running project the devstack that is asked, which is what
was installed after the project was started. The keeper executes it in its own process,
and the daemon goes on from where the old one stopped: no service notices, no line of a
log is lost, and no connection to a held socket is refused. Two that do not understand
each other are refused, and nothing is changed; nor is it when the new one can not be
executed.)",
         R"(devstack upgrade
The project here.
/opt/devstack-2/devstack upgrade --project shop
That one, by a devstack that lies elsewhere.)",
         R"(0  keeper and daemon are this devstack, or were already
1  nothing was changed, or no new daemon has come up; the reason is told
3  the project is not running)"},
        {"signal",
         "send a signal to a service",
         "SIGNAL SERVICE",
         R"(Sends a signal to the service's own process. SIGNAL is a name, with or without SIG, or a
number.)",
         R"(devstack signal HUP nginx
Have nginx read its configuration again.)",
         exit_service},
        {"run",
         "run a task, and return its exit code",
         "TASK [--timeout TIME]",
         R"(Runs a task of the profile after what it needs is there, shows what it writes, and
returns with its exit code. Ctrl-C stops the task.)",
         R"(devstack run migrate
Run the task migrate.)",
         R"(the task's own exit code, or 128 and the number of the signal that ended it; or
1  failed before it ran; the reason is told
2  wrong usage
3  the project is not running
4  there is no such task; the known ones are told)"},
    };
}

/// Those that look back, look around, and help.
std::vector<Manual> other_manuals() {
    return {
        {"events",
         "show what has happened",
         "[SERVICE...] [-f] [-n N] [--json]",
         R"(Every change of phase with its reason, and what else is worth knowing, oldest first. They
are read from the journal, whether the project runs or not; -f needs it to run, and goes
on when its daemon is restarted.)",
         R"(devstack events -f
What happens, as it happens.
devstack events api -n 5
What happened to api last.)",
         exit_service},
        {"crashes",
         "show how services have ended that should not have",
         "[SERVICE...] [-n N] [--full] [--json]",
         R"(Every unplanned end leaves a record: how the process ended and what it used, why, what
came of it, the last answers of its probe and the last lines it wrote. The newest are
listed first; one crash of one service is shown in full. The records are files, so the
project need not run. The newest 20 of each service are kept.)",
         R"(devstack crashes
What has crashed lately?
devstack crashes api -n 1
All that is known of the last crash of api.
devstack crashes api --json
Everything on record, for a program.)",
         R"(0  done, also when there is no crash on record
1  failed; the reason is told
3  there is no project here
4  there is no such service; the known ones are told)"},
        {"ports",
         "show who listens on which port of this host",
         "[PORT] [--json]",
         R"(Every listening TCP port with the process that holds it. Those of the project's services
are named. Of other users' processes only root sees the names.)",
         R"(devstack ports
All of them.
devstack ports 5432
Who holds port 5432?)",
         R"(0  done
1  failed; the reason is told)"},
        {"dashboard",
         "show the project in a browser",
         "[--no-open]",
         R"(Prints a link to the project's page, and opens it on a desktop. The link holds a token
that opens the project: it is good for this command alone, which serves the page on a free
port of 127.0.0.1 until Ctrl-C. With `listen` in [api] of the profile the daemon itself
serves it there, and the command returns at once.)",
         R"(devstack dashboard
Services, log, events, ports and graph in a browser.)",
         R"(0  done
1  failed; the reason is told
3  the project is not running
130  ended by Ctrl-C)"},
        {"check",
         "check a profile",
         "[PROFILE] [--json]",
         R"(Reads a profile as `up` would, and tells all mistakes in it at once, with their places.)",
         R"(devstack check
The profile of this project.
devstack check profiles/demo.toml --json
Another one, for a program.)",
         R"(0  the profile can be used; there may be warnings
2  it can not, or there is none)"},
        {"doctor",
         "name the cause of what is wrong",
         "[SERVICE|URL|PORT] [-H HEADER] [--wait] [--json]",
         R"(Looks at the project, its processes, ports, answers, proxies, databases, env files and
logs at once, and tells the root cause first: with its evidence, what it explains and how
to mend it. It changes nothing, and asks of a service nothing but its probe and GETs
like it. It takes two seconds at most, and works without a running project too. Without a
profile the servers that run in this directory, or that are asked about, stand for
services.)",
         R"(devstack doctor
All of the project here.
devstack doctor api
The service api, and all that it needs.
devstack doctor http://localhost:3200/api/users
What happens to this request?
devstack doctor http://localhost:3101/users -H "Origin: http://localhost:3200"
The same as a browser asks it from a page.
devstack doctor --record facts.json
Keep what was seen, to diagnose it elsewhere: devstack doctor --from facts.json)",
         R"(0  nothing wrong
1  something is wrong; the cause is told
2  wrong usage
4  there is no such service; the known ones are told)"},
        {"bundle",
         "pack what somebody else needs to help, without the secrets",
         "[FILE] [--json]",
         R"(One tar archive for a colleague: profile, names of the variables in env files, state,
events, ends of the logs, crash records, what the doctor has seen and what it makes of it,
versions. Hidden in every file are the values of variables whose names say that they are
secrets, passwords in URLs, bearer tokens, and what looks like a key by its entropy; where
that was is told here and in README.txt. Works without a running project too.)",
         R"(devstack bundle
Write devstack-bundle.tar.
devstack bundle /tmp/help.tar
Write it there.)",
         "0  done\n1  it can not be written; the reason is told"},
        {"mcp",
         "serve the project to an AI assistant",
         "[--allow-actions]",
         R"(Speaks the Model Context Protocol on standard input and output: status, why, doctor,
logs, events, crashes, ports and check as tools. It only looks, unless it is started with
--allow-actions: then also start, stop and restart.)",
         R"(devstack mcp
What an assistant is told to start; it is of no use to type it.
claude mcp add devstack -- devstack -C /home/chi/shop mcp
Tell Claude Code of it.)",
         "0  the assistant has hung up\n1  its end of the pipe is gone"},
        {"schema",
         "print the JSON Schema of profiles, for editors",
         "",
         R"(Editors with a TOML language server (taplo, Even Better TOML) check and complete
devstack.toml by it: keep it beside the profile, and begin the profile with the line
#:schema ./devstack.schema.json. It knows all keys that this version knows.)",
         R"(devstack schema > devstack.schema.json
Write it where an editor finds it.)",
         "0  done\n1  failed; the reason is told"},
        {"ls",
         "list the running projects",
         "[--json]",
         R"(All running projects of this user: their name, how many services are ready of those that
are wanted, the daemon's pid, and the directory.)",
         R"(devstack ls
All running projects.)",
         "0  done\n1  failed; the reason is told"},
        {"completion",
         "print a script that completes commands in a shell",
         "bash|zsh|fish",
         R"(With it, tab completes commands, options, services of the running project (or of the
profile, when nothing runs), tasks, signals, profiles and projects. The script asks this
program for all that, so it need not be written anew after an update.

bash: write it to ~/.local/share/bash-completion/completions/devstack, or, where
bash-completion is not installed, source it in ~/.bashrc. zsh: write it to a file _devstack
in a directory of $fpath, before compinit is called. fish: write it to
~/.config/fish/completions/devstack.fish.)",
         R"(source <(devstack completion bash)
Try it, in bash or zsh.
devstack completion fish > ~/.config/fish/completions/devstack.fish
Keep it, in fish.)",
         "0  done\n1  failed; the reason is told\n2  there is no such shell; the known ones are "
         "told"},
        {"version",
         "show the version",
         "[--json]",
         "The version of this program.",
         R"(devstack version
The version.)",
         "0  done"},
    };
}

}  // namespace

std::span<const Manual> manuals() {
    static const std::vector<Manual> table = [] {
        std::vector<Manual> all = manuals_of_what_runs();
        const std::vector<Manual> others = other_manuals();
        all.insert(all.end(), others.begin(), others.end());
        return all;
    }();
    return table;
}

const Manual* find_manual(std::string_view command) {
    const std::span<const Manual> all = manuals();
    const auto it = std::ranges::find(all, command, &Manual::command);
    return it == all.end() ? nullptr : &*it;
}

std::string render_manual(const Manual& manual,
                          const std::vector<HelpLine>& options,
                          const std::vector<HelpLine>& common_options) {
    const std::string name = "devstack " + std::string{manual.command};
    std::string text = "NAME\n" + indented(name + " - " + std::string{manual.summary});
    const std::string synopsis{manual.synopsis};
    text += "\nSYNOPSIS\n" + indented(synopsis.empty() ? name : name + " " + synopsis);
    text += "\nDESCRIPTION\n" + indented(manual.description);
    if (!options.empty()) text += "\nOPTIONS\n" + render_lines(options);
    text += "\nCOMMON OPTIONS\n" + render_lines(common_options);
    text += "\nEXAMPLES\n" + render_examples(manual.examples);
    return text + "\nEXIT STATUS\n" + indented(manual.exit_status);
}

std::string render_overview(const std::vector<HelpLine>& common_options) {
    std::vector<HelpLine> commands;
    for (const Manual& manual : manuals()) {
        commands.push_back({std::string{manual.command}, std::string{manual.summary}});
    }
    std::string text = "NAME\n";
    text += indented("devstack - starts, watches and explains everything that a project needs");
    text += "\nSYNOPSIS\n" + indented("devstack COMMAND [OPTIONS]");
    text += "\nCOMMANDS\n" + render_lines(commands);
    text += "\nCOMMON OPTIONS\n" + render_lines(common_options);
    text += "\nEXAMPLES\n";
    text += render_examples(R"(devstack up
Start everything that devstack.toml here or above says.
devstack why api
Why is api not ready?
devstack COMMAND --help
More about a command.)");
    text += "\nEXIT STATUS\n";
    return text + indented(R"(0  done
1  failed
2  wrong usage, or mistakes in the profile
3  the project is not running
4  there is no such service)");
}

}  // namespace devstack::cli
