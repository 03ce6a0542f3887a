//! The macro as an editor meets it: on half-typed input.
