//! The fields of the forms.

use leptos::html;
use leptos::prelude::*;

use crate::parts::{follow, icon, live, on};
use crate::say;
use crate::signals::{RwSignal, effect};

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Admission,
    Name,
    RecoveryKey,
    Password,
    Code,
}

/// What is wrong, and at which field if at one.
pub(super) type Wrong = RwSignal<Option<(Option<Line>, String)>>;

/// How a field is made.
pub(super) struct Field {
    pub(super) line: Line,
    pub(super) id: &'static str,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) autocomplete: &'static str,
    pub(super) is_secret: bool,
    pub(super) has_focus: bool,
}

impl Field {
    pub(super) fn draw(self, value: RwSignal<String>, wrong: Wrong) -> AnyView {
        let Self { line, id, label, hint, autocomplete, is_secret, has_focus } = self;
        let is_shown = RwSignal::new(!is_secret);
        let is_wrong = move || wrong.with(|wrong| wrong.as_ref().is_some_and(|(at, _)| *at == Some(line)));
        let words = move || match wrong.get() {
            Some((Some(at), why)) if at == line => Some(why),
            _ => hint.clone(),
        };
        let eye = is_secret.then(|| {
            view! {
                <button
                    type="button"
                    class="icon-button"
                    aria-pressed=follow(move || is_shown.get().to_string())
                    title=say::text("entry-show")
                    aria-label=say::text("entry-show")
                    on:click=on(move |_| is_shown.update(|is_shown| *is_shown = !*is_shown))
                >
                    {live(move || icon(if is_shown.get() { "eye-off" } else { "eye" }))}
                </button>
            }
        });
        let node = NodeRef::<html::Input>::new();
        effect(move || {
            if let Some(input) = node.get()
                && has_focus
            {
                let _ = input.focus();
            }
        });
        // Where something is wrong, that is where one goes on.
        effect(move || {
            if is_wrong()
                && let Some(input) = node.get_untracked()
            {
                let _ = input.focus();
            }
        });
        view! {
            <div class="form-row">
                <label for=id>{label}</label>
                <div class="field-line">
                    <input
                        node_ref=node
                        id=id
                        name=id
                        class="field"
                        type=follow(move || if is_shown.get() { "text" } else { "password" })
                        autocomplete=autocomplete
                        autocapitalize="none"
                        spellcheck="false"
                        maxlength="512"
                        aria-describedby=format!("{id}-about")
                        aria-invalid=follow(move || is_wrong().to_string())
                        prop:value=follow(move || value.get())
                        on:input=on(move |event: web_sys::Event| {
                            value.set(event_target_value(&event));
                            wrong.set(None);
                        })
                    />
                    {eye}
                </div>
                <p id=format!("{id}-about") class="about" class:is-wrong=is_wrong>{words}</p>
            </div>
        }
        .into_any()
    }
}
