#pragma once

namespace devstack::test {

/// Puts the calling thread into a network of its own, with 127.0.0.1 alone and one port for all
/// outgoing connections, until the object goes. Needs root.
class PrivateNetwork {
public:
    explicit PrivateNetwork(int only_port);
    PrivateNetwork(const PrivateNetwork&) = delete;
    PrivateNetwork& operator=(const PrivateNetwork&) = delete;
    ~PrivateNetwork();

    bool is_ready() const { return is_ready_; }

private:
    int original_ = -1;
    bool is_ready_ = false;
};

}  // namespace devstack::test
