//! The engine inside the browser's dedicated worker.
