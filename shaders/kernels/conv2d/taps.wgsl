// How far the taps of a filter lie apart: plain convolutions.
const TAP_H = 1u;
const TAP_W = 1u;
