// libtorch's ProcessGroupGloo.hpp names these classes of gloo, whose headers it does not bring along. Nothing here makes or calls one:
// pointers to them pass from libtorch to libtorch.
#pragma once

namespace gloo::transport {

class Device;

class UnboundBuffer {
public:
    virtual ~UnboundBuffer();
};

}  // namespace gloo::transport
