#include "cli/top/text_page.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace devstack::cli {

TextPage::TextPage(std::string title, std::string_view text, Form form)
    : title_{std::move(title)}, form_{form} {
    replace(text);
}

void TextPage::replace(std::string_view text) {
    lines_.clear();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines_.push_back(line_of_text(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    arrange();
}

void TextPage::resize(FrameSize size) {
    if (size == size_) return;
    size_ = size;
    arrange();
}

void TextPage::arrange() {
    rows_.clear();
    for (const FrameLine& line : lines_) {
        if (form_ == Form::cut) {
            rows_.push_back(line);
        } else {
            std::ranges::move(split_at_words(line, size_.width), std::back_inserter(rows_));
        }
    }
    scroll(0);
}

void TextPage::scroll(std::ptrdiff_t rows) {
    const auto top = static_cast<std::ptrdiff_t>(top_) + rows;
    const std::size_t lowest = rows_.size() > height() ? rows_.size() - height() : 0;
    top_ = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(top, 0)), lowest);
}

bool TextPage::take(const Key& key) {
    const auto page = static_cast<std::ptrdiff_t>(height());
    const auto all = static_cast<std::ptrdiff_t>(rows_.size());
    if (key.kind == Key::Kind::up || key.is("k")) return scroll(-1), true;
    if (key.kind == Key::Kind::down || key.is("j")) return scroll(1), true;
    if (key.kind == Key::Kind::page_up || key.is("b")) return scroll(-page), true;
    if (key.kind == Key::Kind::page_down || key.is(" ")) return scroll(page), true;
    if (key.kind == Key::Kind::home || key.is("g")) return scroll(-all), true;
    if (key.kind == Key::Kind::end || key.is("G")) return scroll(all), true;
    return false;
}

std::vector<FrameLine> TextPage::draw() const {
    std::vector<FrameLine> lines;
    const Look title{Style::plain, true};
    lines.push_back({{title_, title}});
    for (std::size_t i = top_; i < std::min(top_ + height(), rows_.size()); ++i)
        lines.push_back(rows_[i]);
    lines.resize(size_.height);
    const std::size_t below = rows_.size() - std::min(top_ + height(), rows_.size());
    if (below > 0) {
        lines.front().push_back({"   " + std::to_string(below) + " more below", {Style::dim}});
    }
    for (FrameLine& line : lines)
        line = fit(line, size_.width);
    return lines;
}

}  // namespace devstack::cli
