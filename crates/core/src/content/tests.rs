use super::*;

fn id(byte: u8) -> MessageId {
    MessageId::from_bytes([byte; 16])
}

fn target() -> MessageRef {
    MessageRef { message: id(1), author: AccountId::from_bytes([2; 16]) }
}

fn picture() -> SharedFile {
    SharedFile {
        id: BlobId::from_bytes([5; 16]),
        key: crate::files::FileKey::from_bytes(&[6; 32]),
        hash: huis_proto::Bytes32([7; 32]),
        size: 1_234_567,
        name: "roses.jpg".into(),
        media_type: "image/jpeg".into(),
        thumbnail: Some(Thumbnail { picture: huis_proto::Bytes(b"\xff\xd8\xffx".to_vec()), width: 4000, height: 3000 }),
        duration_ms: None,
        voice: false,
        peaks: None,
    }
}

fn all() -> Vec<Content> {
    let some = |text: &str| Some(text.to_owned());
    vec![
        Content::text("Grüezi").unwrap(),
        Content::Text {
            body: "@zoë yes".into(),
            mentions: vec![AccountId::from_bytes([4; 16])],
            reply_to: Some(Quote { target: target(), excerpt: "Are you there?".into() }),
            forwarded: true,
            stay: Stay::default(),
        },
        Content::Receipt { kind: ReceiptKind::Delivered, messages: vec![id(1), id(2)] },
        Content::Settings { title: some("Garden"), topic: None, timer: None },
        Content::Edit {
            target: target(),
            body: "no".into(),
            mentions: vec![AccountId::from_bytes([4; 16])],
            vanishes: false,
        },
        Content::Delete { target: target() },
        Content::Reaction { target: target(), emoji: Some("👍".into()) },
        Content::Reaction { target: target(), emoji: None },
        Content::Pin { target: target(), pinned: true },
        Content::Card(Card { version: 5, name: some("Zoë"), about: None, picture: None }),
        Content::Files {
            files: vec![picture()],
            body: String::new(),
            mentions: vec![],
            reply_to: None,
            forwarded: false,
            stay: Stay::default(),
        },
        Content::Files {
            files: vec![SharedFile {
                media_type: "audio/webm".into(),
                thumbnail: None,
                duration_ms: Some(2500),
                voice: true,
                peaks: Some(huis_proto::Bytes(vec![0, 127, 255])),
                ..picture()
            }],
            body: "listen".into(),
            mentions: vec![AccountId::from_bytes([4; 16])],
            reply_to: Some(Quote { target: target(), excerpt: "Are you there?".into() }),
            forwarded: true,
            stay: Stay::default(),
        },
        Content::text("not for long")
            .unwrap()
            .staying(Stay { timer: Some(Timer { after_s: 30, from: CountedFrom::Reading }), once: true }),
        Content::Settings { title: None, topic: None, timer: Some(TimerSetting::Off) },
        Content::Settings {
            title: None,
            topic: None,
            timer: Some(TimerSetting::On(Timer { after_s: 3600, from: CountedFrom::Sending })),
        },
        Content::Edit { target: target(), body: "no".into(), mentions: vec![], vanishes: true },
    ]
}

#[test]
fn every_kind_of_content_keeps_its_bytes_and_comes_back() {
    let mut shown = String::new();
    for content in all() {
        let bytes = content.to_bytes().unwrap();
        assert_eq!(Content::from_bytes(&bytes).unwrap(), content);
        shown.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn an_unknown_kind_or_version_is_kept_by_its_name() {
    let future = codec::to_versioned(1, &BTreeMap::from([("hologram", 7)]));
    assert_eq!(Content::from_bytes(&future).unwrap(), Content::Unknown { kind: "hologram".into() });
    assert_eq!(Content::from_bytes(&[2, 0xff]).unwrap(), Content::Unknown { kind: "version 2".into() });
}

#[test]
fn malformed_and_oversized_content_is_refused() {
    let broken = codec::to_versioned(1, &BTreeMap::from([("text", 7)]));
    assert!(matches!(Content::from_bytes(&broken), Err(ContentError::Form(_))));
    assert!(matches!(Content::from_bytes(b""), Err(ContentError::Form(_))));
    assert_eq!(Content::text(""), Err(ContentError::Empty("text")));
    let (bytes, most) = (limits::MESSAGE_TEXT + 1, limits::MESSAGE_TEXT);
    assert_eq!(Content::text("x".repeat(bytes)), Err(ContentError::TooLong { what: "text", bytes, most }));
    let forged = codec::to_versioned(1, &BTreeMap::from([("text", BTreeMap::from([("body", "x".repeat(bytes))]))]));
    assert!(matches!(Content::from_bytes(&forged), Err(ContentError::TooLong { .. })));
    let many = Content::Receipt { kind: ReceiptKind::Read, messages: vec![id(1); RECEIPTS + 1] };
    assert_eq!(many.to_bytes(), Err(ContentError::TooMany { count: RECEIPTS + 1 }));
    let unknown = Content::Unknown { kind: "hologram".into() };
    assert_eq!(unknown.to_bytes(), Err(ContentError::NotMadeHere("hologram".into())));
}

#[test]
fn a_text_with_more_in_it_than_is_known_here_is_read_all_the_same() {
    let text = BTreeMap::from([("body", "Grüezi"), ("font", "gothic")]);
    let future = codec::to_versioned(1, &BTreeMap::from([("text", text)]));
    assert_eq!(Content::from_bytes(&future), Content::text("Grüezi"));
}

#[test]
fn what_goes_with_a_text_is_bounded() {
    let named = |count: usize| vec![AccountId::from_bytes([4; 16]); count];
    let edit = |count| Content::Edit { target: target(), body: "x".into(), mentions: named(count), vanishes: false };
    assert!(edit(MENTIONS).to_bytes().is_ok());
    assert_eq!(edit(MENTIONS + 1).to_bytes(), Err(ContentError::TooManyMentions { count: MENTIONS + 1 }));
    let quoting = |excerpt: String| Content::Text {
        body: "x".into(),
        mentions: named(MENTIONS),
        reply_to: Some(Quote { target: target(), excerpt }),
        forwarded: false,
        stay: Stay::default(),
    };
    let long = "é".repeat(EXCERPT);
    assert_eq!(excerpt(&long).len(), EXCERPT);
    assert_eq!(excerpt(&format!("x{long}")).len(), EXCERPT - 1, "cut between characters");
    assert!(quoting(excerpt(&long).into()).to_bytes().is_ok());
    assert!(matches!(quoting(long).to_bytes(), Err(ContentError::TooLong { what: "excerpt", .. })));
    let reacting = |emoji: &str| Content::Reaction { target: target(), emoji: Some(emoji.into()) };
    assert_eq!(reacting("no").to_bytes(), Err(ContentError::NotAnEmoji));
    let mut forged = codec::to_versioned(1, &BTreeMap::from([("delete", BTreeMap::from([("target", 1)]))]));
    assert!(matches!(Content::from_bytes(&forged), Err(ContentError::Form(_))));
    forged.truncate(4);
    assert!(Content::from_bytes(&forged).is_err());
}
