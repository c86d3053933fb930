#include "devstack/project/link_page.hpp"

#include "text_file.hpp"

#include <cstdio>

namespace devstack::project {

namespace {

std::string path_in(const std::string& runtime_dir) {
    return runtime_dir + "/dashboard.html";
}

}  // namespace

Result<std::string> write_link_page(const std::string& runtime_dir, const std::string& link) {
    std::string path = path_in(runtime_dir);
    const std::string page =
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">"
        "<title>devstack</title><meta http-equiv=\"refresh\" content=\"0; url=" +
        link + "\"><p><a href=\"" + link + "\">To the dashboard</a></p>\n";
    if (const Status written = replace_text_file(path, page); !written) return written.error();
    return path;
}

void remove_link_page(const std::string& runtime_dir) {
    std::remove(path_in(runtime_dir).c_str());
}

}  // namespace devstack::project
