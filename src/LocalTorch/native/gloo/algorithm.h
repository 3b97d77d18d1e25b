// See transport/device.h.
