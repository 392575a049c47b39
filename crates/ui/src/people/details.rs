//! The third pane: who is in the conversation, what is pinned, how loud it is.

use huis_proto::{ConversationId, ConversationKind};
use huis_views::{
    Command, ConversationState, ConversationView, MemberRole, MemberView, MessageView, Muted, NotificationLevel, Reply,
    Target,
};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::dialogs::{Member, Menu, Overlay};
use crate::parts::{blank, choices, conversation_avatar, icon, live, on, person_avatar, person_name, skeleton};
use crate::signals::{RwSignal, effect, sorted};
use crate::{dates, port, say};

/// Messages with files that are listed.
const MOST_FILES: u32 = 50;
/// Members that are shown at first.
const SOME: usize = 100;

pub(crate) fn details(app: App) -> AnyView {
    let open = Memo::new(move |_| app.talk.open.get().filter(|_| app.has_details.get()));
    view! {
        {live(move || open.get().map(|id| view! {
            <section class="pane details" data-view="details" aria-label=say::text("action-details")>
                <header class="details-head">
                    <h2>{say::text("details-title")}</h2>
                    <button
                        type="button"
                        class="icon-button"
                        id="details-close"
                        title=say::text("key-close")
                        aria-label=say::text("key-close")
                        on:click=on(move |_| app.close_details())
                    >
                        {icon("close")}
                    </button>
                </header>
                <div class="details-body">{content(app, id)}</div>
            </section>
        }))}
    }
    .into_any()
}

fn content(app: App, id: ConversationId) -> AnyView {
    let Some(view) = app.shelf.peek(id) else { return ().into_any() };
    let first = view.get_untracked();
    let is_direct = first.kind == ConversationKind::Direct;
    let other = say::other(&first).and_then(|other| other.name.clone());
    let main = match other {
        Some(name) => super::contact::person(app, name),
        None => group_head(app, id),
    };
    view! {
        {main}
        {pinned(app, id)}
        {files(app, id)}
        {loudness(app, id)}
        {super::timer::timer(app, id)}
        {(!is_direct).then(|| members(app, id))}
        {rest(app, id)}
    }
    .into_any()
}

fn group_head(app: App, id: ConversationId) -> AnyView {
    let view = move || app.shelf.view(id).map(|view| view.get());
    let may = move |view: &ConversationView| view.role.is_some() && view.state == ConversationState::Joined;
    view! {
        <div class="contact-head">
            {live(move || view().map(|view| view! {
                {conversation_avatar(&view, "huge")}
                <bdi class="contact-name">{say::conversation(&view)}</bdi>
                <span class="about">
                    {say::text(if view.kind == ConversationKind::Open { "details-open-room" } else { "details-group" })}
                    " · "
                    {say::text_with_count("header-people", view.accounts.len())}
                </span>
                {view.topic.as_deref().map(|topic| html::p().class("contact-about").attr("dir", "auto").child(say::line(topic, 500)))}
                {may(&view).then(|| view! {
                    <div class="contact-buttons">
                        <button type="button" class="button" on:click=on(move |_| app.show(Overlay::Invite(id)))>
                            {icon("new")} <span>{say::text("details-invite")}</span>
                        </button>
                        <button type="button" class="button" on:click=on(move |_| app.show(Overlay::Describe(id)))>
                            {icon("edit")} <span>{say::text("details-describe")}</span>
                        </button>
                    </div>
                })}
            }))}
        </div>
    }
    .into_any()
}

fn pinned(app: App, id: ConversationId) -> AnyView {
    let found = RwSignal::new(Vec::<MessageView>::new());
    effect(move || {
        app.details_changed.track();
        let has_pins = app.shelf.peek(id).is_some_and(|view| view.with_untracked(|view| view.pins > 0));
        if !has_pins {
            found.set(Vec::new());
            return;
        }
        spawn_local(async move {
            if let Ok(Reply::Messages(messages)) = port::ask(Command::PinnedMessages { conversation: id }).await {
                found.set(messages);
            }
        });
    });
    view! {
        {live(move || (!found.with(Vec::is_empty)).then(|| {
            let rows = found.get().into_iter().map(|message| {
                let (id, position, conversation) = (message.id, message.position, message.conversation);
                view! {
                    <li>
                        <button type="button" class="pinned-row" on:click=on(move |_| {
                            if crate::page::is_narrow() {
                                app.close_details();
                            }
                            app.go_to(conversation, id, position);
                        })>
                            <span class="list-line">{person_name(&message.from)} <time class="list-time">{dates::recent(message.sent_at_ms, app.now_ms.get_untracked())}</time></span>
                            <span class="pinned-text" dir="auto">{say::line_of(&message)}</span>
                        </button>
                    </li>
                }
            });
            view! { <section class="details-part"><h3>{icon("pin")} {say::text("details-pinned")}</h3><ul class="people" role="list">{rows.collect_view()}</ul></section> }
        }))}
    }
    .into_any()
}

/// The newest files of the conversation.
fn files(app: App, id: ConversationId) -> AnyView {
    let found = RwSignal::new(Vec::<MessageView>::new());
    effect(move || {
        app.details_changed.track();
        spawn_local(async move {
            let asked = Command::Files { conversation: Some(id), before: None, most: MOST_FILES };
            if let Ok(Reply::Messages(messages)) = port::ask(asked).await {
                found.set(messages);
            }
        });
    });
    view! {
        {live(move || (!found.with(Vec::is_empty)).then(|| {
            let rows = found.get().into_iter().rev().flat_map(|message| {
                let (id, position, conversation) = (message.id, message.position, message.conversation);
                let time = dates::recent(message.sent_at_ms, app.now_ms.get_untracked());
                message.files.into_iter().map(move |file| view! {
                    <li>
                        <button type="button" class="pinned-row" on:click=on(move |_| {
                            if crate::page::is_narrow() {
                                app.close_details();
                            }
                            app.go_to(conversation, id, position);
                        })>
                            <span class="list-line"><bdi class="file-name">{say::file_name(&file)}</bdi> <time class="list-time">{time.clone()}</time></span>
                            <span class="pinned-text">{say::size(file.size)}</span>
                        </button>
                    </li>
                }.into_any())
            });
            view! { <section class="details-part" data-view="files"><h3>{icon("attach")} {say::text("details-files")}</h3><ul class="people details-files" role="list">{rows.collect_view()}</ul></section> }
        }))}
    }
    .into_any()
}

fn loudness(app: App, id: ConversationId) -> AnyView {
    let level = move || app.shelf.view(id).map(|view| view.with(|view| view.notifications)).unwrap_or_default();
    let muted = move || app.shelf.view(id).map(|view| view.with(|view| view.muted)).unwrap_or_default();
    let is_request = app.shelf.peek(id).is_some_and(|view| view.with_untracked(|view| view.request));
    if is_request {
        return ().into_any();
    }
    let options = vec![
        (NotificationLevel::All, say::text("loud-all")),
        (NotificationLevel::Mentions, say::text("loud-mentions")),
        (NotificationLevel::None, say::text("loud-none")),
    ];
    let words = move || match muted() {
        muted if !muted.holds_at(app.now_ms.get()) => None,
        Muted::Until(ms) => Some(say::text_with("loud-muted-until", &[("time", dates::moment(ms).as_str().into())])),
        _ => Some(say::text("loud-muted")),
    };
    view! {
        <section class="details-part">
            {choices(say::text("loud-title"), "loudness", options, level, move |level| app.set_level(id, level))}
            <p class="mute-row">
                <span class="about grow">{live(move || words().unwrap_or_else(|| say::text("loud-not-muted")))}</span>
                <button
                    type="button"
                    class="button small"
                    on:click=on(move |_| {
                        let is_muted = muted().holds_at(dates::now_ms());
                        app.set_muted(id, if is_muted { Muted::No } else { Muted::ForEver });
                    })
                >
                    {live(move || say::text(if muted().holds_at(app.now_ms.get()) { "menu-unmute" } else { "menu-mute" }))}
                </button>
            </p>
        </section>
    }
    .into_any()
}

fn members(app: App, id: ConversationId) -> AnyView {
    let found = RwSignal::new(None::<Vec<MemberView>>);
    let is_all = RwSignal::new(false);
    effect(move || {
        app.details_changed.track();
        spawn_local(async move {
            if let Ok(Reply::Members(members)) = port::ask(Command::Members { target: Target::Id(id) }).await {
                let members =
                    sorted(members, |a, b| b.role.cmp(&a.role).then_with(|| a.account.name.cmp(&b.account.name)));
                found.set(Some(members));
            }
        });
    });
    let own_role = move || app.shelf.view(id).and_then(|view| view.with(|view| view.role));
    view! {
        <section class="details-part">
            <h3>{icon("people")} {live(move || say::text_with_count("header-people", found.with(|found| found.as_ref().map_or(0, Vec::len))))}</h3>
            {live(move || match found.get() {
                None => skeleton("for-contact", 4),
                Some(members) => {
                    let most = if is_all.get() { usize::MAX } else { SOME };
                    let more = members.len() > most;
                    let rows = members.into_iter().take(most).map(|member| member_row(app, id, member, own_role())).collect_view();
                    view! {
                        <ul class="people" role="list">{rows}</ul>
                        {more.then(|| view! { <button type="button" class="button quiet" on:click=on(move |_| is_all.set(true))>{say::text("details-all-members")}</button> })}
                    }
                    .into_any()
                }
            })}
        </section>
    }
    .into_any()
}

fn member_row(app: App, id: ConversationId, member: MemberView, own_role: Option<MemberRole>) -> AnyView {
    let account = member.account.account;
    let is_me = app.me.with_untracked(|me| me.as_ref().is_some_and(|me| me.account == account));
    let username = member.account.name.clone().unwrap_or_default();
    let role = match member.role {
        MemberRole::Owner => Some("role-owner"),
        MemberRole::Admin => Some("role-admin"),
        MemberRole::Member => None,
    };
    let may_remove = !is_me
        && own_role.is_some_and(|own| {
            own == MemberRole::Owner || (own == MemberRole::Admin && member.role == MemberRole::Member)
        });
    let may_name = !is_me && own_role == Some(MemberRole::Owner);
    let shown = username.clone();
    let more = (may_name || may_remove).then(|| {
        let words = say::text_with_name("details-more-about", &say::name(&member.account));
        let member = Member { conversation: id, username: username.clone(), role: member.role, may_name, may_remove };
        let title = words.clone();
        view! {
            <button
                type="button"
                class="icon-button"
                title=title
                aria-label=words
                aria-haspopup="menu"
                on:click=on(move |event: web_sys::MouseEvent| app.show(Overlay::Menu(Menu::member(member.clone(), f64::from(event.client_x()), f64::from(event.client_y())))))
            >
                {icon("more")}
            </button>
        }
    });
    let handle = say::handle(&member.account);
    view! {
        <li class="member-row">
            <button type="button" class="person-row" on:click=on(move |_| app.show(Overlay::Person(shown.clone())))>
                <span class="list-avatar">
                    {person_avatar(account, &say::name(&member.account), "medium")}
                    {member.here.then(|| view! { {blank("here-dot")} <span class="sr">{say::text("header-here")}</span> })}
                </span>
                <span class="grow member-words">
                    <span>{person_name(&member.account)} {is_me.then(|| html::span().class("about").child(format!(" {}", say::text("details-you"))))}</span>
                    {handle.map(|handle| html::span().class("about").child(handle))}
                </span>
                {role.map(|role| html::span().class("label").child(say::text(role)))}
            </button>
            {more}
        </li>
    }
    .into_any()
}

fn rest(app: App, id: ConversationId) -> AnyView {
    let view = move || app.shelf.view(id).map(|view| view.get());
    view! {
        <section class="details-part details-last">
            {live(move || view().filter(|view| !view.request).map(|view| {
                let (favourite, archived) = (view.favourite, view.archived);
                let can_leave = view.kind != ConversationKind::Direct && view.state != ConversationState::Left;
                view! {
                    <button type="button" class="menu-item" on:click=on(move |_| app.set_favourite(id, !favourite))>
                        {icon("star")} <span>{say::text(if favourite { "menu-unfavourite" } else { "menu-favourite" })}</span>
                    </button>
                    <button type="button" class="menu-item" on:click=on(move |_| app.set_archived(id, !archived))>
                        {icon("archive")} <span>{say::text(if archived { "menu-unarchive" } else { "menu-archive" })}</span>
                    </button>
                    {can_leave.then(|| view! {
                        <button type="button" class="menu-item danger" on:click=on(move |_| app.ask_leave(id))>
                            {icon("leave")} <span>{say::text("menu-leave")}</span>
                        </button>
                    })}
                }
            }))}
        </section>
    }
    .into_any()
}
