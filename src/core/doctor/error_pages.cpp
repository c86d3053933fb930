// Frameworks that answer 500 with a page of their own, and write the error where nobody looks.

#include "core/doctor/error_pages.hpp"

#include <algorithm>
#include <array>

namespace devstack::core::doctor {

namespace {

struct ErrorPage {
    std::string_view part;  ///< Of the page, as the framework's source has it.
    std::string_view also;  ///< Another part of it; empty: one tells enough.
    std::string_view fix;
};

constexpr std::array<ErrorPage, 6> pages{{
    {"<h1>Server Error (500)</h1>",
     "",
     "this page is Django's with DEBUG = False: without LOGGING in its settings the error goes by "
     "mail to ADMINS, and not to a log: set DEBUG = True here, or give LOGGING a console handler "
     "for django.request"},
    {"<title>Server Error</title>",
     "normalize.css",
     "this page is Laravel's with APP_DEBUG=false: the error is in storage/logs/laravel.log "
     "(LOG_CHANNEL=stderr brings it here); APP_DEBUG=true shows it"},
    {"<title>An Error Occurred: Internal Server Error</title>",
     "",
     "this page is Symfony's with APP_DEBUG=0: the error is in var/log (prod.log, dev.log), if "
     "Monolog is told to write there; APP_ENV=dev shows it"},
    {"<title>We're sorry, but something went wrong",
     "",
     "this page is the public/500.html of Rails: the error is in log/production.log or "
     "log/development.log (RAILS_LOG_TO_STDOUT=1 brings it here, where its configuration asks for "
     "that)"},
    {"There has been a critical error on this website",
     "",
     "this page is WordPress's: the error is in wp-content/debug.log with WP_DEBUG and "
     "WP_DEBUG_LOG in wp-config.php, else in the error log of PHP"},
    {"The website encountered an unexpected error.",
     "",
     "this page is Drupal's: the error is in its own table (drush watchdog:show); "
     "$config['system.logging']['error_level'] = 'verbose' in settings.php shows it"},
}};

/// What was asked has made it write an error after all.
bool tells_error(const LineFact& line, const Picture& picture) {
    constexpr std::array<std::string_view, 7> signs{
        "Traceback", ".ERROR", "CRITICAL", "FATAL", "Fatal error", "Error (", "Exception"};
    return seconds_between(picture.facts().time, line.time) >= 0 &&
           std::ranges::any_of(signs, [&](std::string_view it) { return contains(line.text, it); });
}

}  // namespace

void explain_silent_page(const DialFact& asked,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    constexpr int server_error = 500;
    if (asked.status != server_error) return;
    const auto page = std::ranges::find_if(pages, [&](const ErrorPage& it) {
        return contains(asked.body, it.part) && contains(asked.body, it.also);
    });
    const auto told = std::ranges::find(findings, "request-answered-badly", &Finding::id);
    if (page == pages.end() || told == findings.end()) return;
    const bool is_written = std::ranges::any_of(picture.facts().logs, [&](const LogFact& log) {
        return std::ranges::any_of(log.lines,
                                   [&](const LineFact& it) { return tells_error(it, picture); });
    });
    if (!is_written) told->fix = page->fix;
}

}  // namespace devstack::core::doctor
