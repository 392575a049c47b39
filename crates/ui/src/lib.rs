//! The web app's face.
