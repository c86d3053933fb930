#include "devstack/client/relay.hpp"
#include "devstack/platform/detached_process.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/project/api_token.hpp"
#include "devstack/project/link_page.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"

#include <csignal>

#include <unistd.h>

// The link to the dashboard holds the token that opens the project. It stands in the fragment,
// which browsers send to nobody, and the browser is not given the link, which every user of this
// machine could read in its command line, but a page in a directory of ours that leads there.

namespace devstack::cli {

namespace {

bool has_desktop() {
    for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY"}) {
        if (platform::find_environment_variable(name).value_or("") != "") return true;
    }
    return false;
}

void open_in_browser(const project::ProjectPaths& paths, const std::string& link) {
    const Result<std::string> page = project::write_link_page(paths.runtime_dir, link);
    if (!page) return complain("cannot open the link: " + page.error().message);
    const Status opened = platform::start_program_detached({"xdg-open", *page});
    if (!opened) complain("cannot open the link: " + opened.error().message);
}

void show(const project::ProjectPaths& paths,
          const std::string& url,
          const std::string& token,
          const DashboardOptions& options) {
    const std::string link = url + "/#token=" + token;
    print(link + "\n");
    if (!options.only_print && ::isatty(STDOUT_FILENO) != 0 && has_desktop()) {
        open_in_browser(paths, link);
    }
}

/// The profile says where the API is served: the link is good for as long as the project runs.
int show_door(const project::ProjectPaths& paths,
              const std::string& url,
              const DashboardOptions& options) {
    const Result<std::string> token = project::ensure_api_token(paths.state_dir);
    if (!token) return fail(token.error());
    show(paths, url, *token, options);
    return exit_done;
}

/// Nothing to edit: this process serves it, and takes the way with it when it ends.
int serve(const project::ProjectPaths& paths, const DashboardOptions& options) {
    auto relay = client::Relay::open(paths.control_socket());
    if (!relay) return fail(relay.error());
    const std::string url = "http://127.0.0.1:" + to_string((*relay)->port());
    show(paths, url, (*relay)->token(), options);
    complain("the link is good until Ctrl-C; with `listen` in [api] of the profile it stays");
    const int signal = (*relay)->run();
    project::remove_link_page(paths.runtime_dir);
    return signal == SIGINT ? exit_interrupted : exit_done;
}

}  // namespace

int run_dashboard(const Common& common, const DashboardOptions& options) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return fail(project.error());
    const Result<core::api::StateMessage> state = fetch_state(*project);
    if (!state) return fail(state.error());
    const project::ProjectPaths& paths = project->place.paths;
    return state->api_url.empty() ? serve(paths, options)
                                  : show_door(paths, state->api_url, options);
}

}  // namespace devstack::cli
