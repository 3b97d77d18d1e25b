// See ../transport/device.h.
