// How far the taps of a filter lie apart: dilated convolutions.
const TAP_H = u.DH;
const TAP_W = u.DW;
