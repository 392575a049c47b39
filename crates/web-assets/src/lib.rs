//! The built web app, as bytes inside the binary.
