//! What every JavaScript engine does.

sinew_bridge::host_conformance!(sinew_js_quickjs::QuickJs);
