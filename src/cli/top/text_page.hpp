#pragma once

#include "cli/top/frame.hpp"
#include "cli/top/key.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack::cli {

/// A text in the place of everything else, scrolled when it is too long.
class TextPage {
public:
    /// What becomes of lines that are too wide: those of a picture are cut.
    enum class Form { wrapped, cut };

    /// Lines of `text` may hold SGR sequences.
    TextPage(std::string title, std::string_view text, Form form);

    void resize(FrameSize size);
    /// Shows another text at the same place.
    void replace(std::string_view text);
    /// False when the key closes it.
    bool take(const Key& key);
    /// As many lines as it is high: the first is the title.
    std::vector<FrameLine> draw() const;

private:
    void arrange();
    void scroll(std::ptrdiff_t rows);
    std::size_t height() const { return size_.height > 1 ? size_.height - 1 : 1; }

    std::string title_;
    Form form_;
    std::vector<FrameLine> lines_;
    std::vector<FrameLine> rows_;
    FrameSize size_{0, 0};
    std::size_t top_ = 0;
};

}  // namespace devstack::cli
