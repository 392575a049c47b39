//! The emoji that are offered, with the names by which they are found. Any other can be typed.

use crate::signals::sorted;

/// Those that answer most messages.
pub(crate) const QUICK: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

/// A group's key and its emoji: the emoji, then names, the first of which is shown.
pub(crate) const GROUPS: [(&str, &str); 6] = [
    (
        "emoji-faces",
        "😀 grinning smile|😃 smiley happy|😄 smile joie|😁 grin|😆 laughing rire|😅 sweat_smile|😂 joy laugh rire|🤣 rofl|\
         🙂 slight_smile sourire|🙃 upside_down|😉 wink clin|😊 blush|😇 innocent ange|🥰 in_love amour|😍 heart_eyes|🤩 star_struck|\
         😘 kiss bisou|😋 yum|😛 tongue|😜 crazy|🤪 zany|🤗 hug calin|🤭 giggle|🤫 shush chut|🤔 thinking pense|🤨 raised_eyebrow|\
         😐 neutral|😑 expressionless|😶 no_mouth|🙄 eye_roll|😏 smirk|😒 unamused|😬 grimace|😌 relieved|😔 pensive triste|😪 sleepy|\
         😴 sleeping dort|😷 mask|🤒 sick malade|🤕 hurt|🤢 nauseated|🤧 sneeze|🥵 hot chaud|🥶 cold froid|😵 dizzy|🤯 mind_blown|\
         🥳 party fete|😎 cool|🤓 nerd|🧐 monocle|😕 confused|🙁 frown|😮 wow surprise|😲 astonished|😳 flushed|🥺 pleading|\
         😨 fearful peur|😰 anxious|😢 cry pleure|😭 sob|😱 scream|😖 confounded|😞 disappointed decu|😓 sweat|😩 weary|😫 tired|\
         🥱 yawn|😤 triumph|😠 angry fache|😡 rage|🤬 cursing|😈 devil diable|💀 skull|👻 ghost|🤖 robot|💩 poop",
    ),
    (
        "emoji-gestures",
        "👍 thumbsup +1 oui|👎 thumbsdown -1 non|👌 ok|🤌 pinched|✌️ victory|🤞 crossed_fingers|🤟 love_you|🤘 rock|🤙 call_me|\
         👈 left|👉 right|👆 up|👇 down|☝️ point_up|✋ hand|👋 wave salut|🖖 vulcan|👏 clap bravo|🙌 raised_hands|🤲 open_hands|\
         🤝 handshake|🙏 pray merci thanks|💪 muscle fort|👀 eyes|🧠 brain|👄 lips|🙈 see_no_evil|🙉 hear_no_evil|🙊 speak_no_evil|\
         🤷 shrug|🤦 facepalm|🙋 raise_hand|🙇 bow|💃 dance|🏃 run|🚶 walk|🧘 calm",
    ),
    (
        "emoji-hearts",
        "❤️ heart coeur|🧡 orange_heart|💛 yellow_heart|💚 green_heart|💙 blue_heart|💜 purple_heart|🖤 black_heart|🤍 white_heart|\
         💔 broken_heart|💕 two_hearts|💖 sparkling_heart|💯 hundred 100|✨ sparkles|⭐ star etoile|🌟 glowing_star|🔥 fire feu|\
         💥 boom|💫 dizzy_star|💤 zzz|🎉 tada party fete|🎊 confetti|🎈 balloon|🎁 gift cadeau|🏆 trophy|🥇 gold|🎂 cake anniversaire",
    ),
    (
        "emoji-nature",
        "🐶 dog chien|🐱 cat chat|🐭 mouse|🐰 rabbit|🦊 fox renard|🐻 bear ours|🐼 panda|🐸 frog|🐵 monkey|🐔 chicken|🐧 penguin|\
         🐦 bird oiseau|🦉 owl|🐝 bee|🦋 butterfly|🐢 turtle|🐙 octopus|🐳 whale|🐟 fish|🦄 unicorn|🌵 cactus|🌲 tree arbre|🌱 seedling|\
         🍀 clover|🌸 blossom fleur|🌹 rose|🌻 sunflower|🍁 maple|🍄 mushroom|🌍 earth terre|🌙 moon lune|☀️ sun soleil|⛅ cloudy|\
         🌧️ rain pluie|⛄ snowman|❄️ snow neige|🌈 rainbow|🌊 wave_water mer",
    ),
    (
        "emoji-food",
        "🍎 apple pomme|🍌 banana|🍇 grapes|🍓 strawberry fraise|🍒 cherries|🍑 peach|🍋 lemon citron|🥑 avocado|🥕 carrot|🌽 corn|\
         🍞 bread pain|🥐 croissant|🧀 cheese fromage|🍳 egg|🥞 pancakes|🍔 burger|🍟 fries|🍕 pizza|🌮 taco|🥗 salad|🍝 pasta|🍜 noodles|\
         🍣 sushi|🍦 ice_cream glace|🍩 donut|🍪 cookie|🍫 chocolate|🍿 popcorn|☕ coffee cafe|🍵 tea the|🍺 beer biere|🍷 wine vin|\
         🥂 cheers sante|🍾 champagne|🥤 drink|🍽️ dinner",
    ),
    (
        "emoji-things",
        "🏠 house maison|🏢 office bureau|🚗 car|🚲 bike velo|🚂 train|✈️ plane avion|🚀 rocket|⛵ boat|🗺️ map|⏰ alarm|⏳ hourglass|\
         📅 calendar|📌 pin|📎 paperclip|✏️ pencil|📝 memo note|📖 book livre|📚 books|💡 idea|🔑 key cle|🔒 lock|🔓 unlock|🔔 bell|\
         🔍 search|💻 computer|📱 phone|📷 camera|🎧 headphones|🎵 music|🎸 guitar|🎬 film|🎮 game jeu|⚽ football|🏀 basketball|🎾 tennis|\
         🎲 dice|🧩 puzzle|🛠️ tools|⚙️ gear|🧪 test|💊 pill|💶 money argent|🛒 cart|📦 package|✅ check oui|❌ cross non|⚠️ warning|\
         ❓ question|❗ exclamation|➕ plus|🚫 forbidden|♻️ recycle|🏁 finish|🚪 door porte",
    ),
];

/// The emoji of a group, each with its first name.
pub(crate) fn of_group(group: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    group.split('|').filter_map(|entry| {
        let mut words = entry.split(' ').filter(|word| !word.is_empty());
        Some((words.next()?, words.next()?))
    })
}

/// The emoji with a name that begins so, then those with a name that holds it.
pub(crate) fn find(typed: &str) -> Vec<(&'static str, &'static str)> {
    let typed = typed.to_ascii_lowercase();
    let mut found = Vec::new();
    for (order, entry) in GROUPS.iter().flat_map(|(_, group)| group.split('|')).enumerate() {
        let mut words = entry.split(' ').filter(|word| !word.is_empty());
        let Some(emoji) = words.next() else { continue };
        let rank = |name: &str| {
            if name == typed {
                Some(0)
            } else if name.starts_with(&typed) {
                Some(1)
            } else {
                name.split('_').any(|part| part.starts_with(&typed)).then_some(2)
            }
        };
        if let Some((rank, name)) = words.filter_map(|name| Some((rank(name)?, name))).min() {
            found.push((rank, order, emoji, name));
        }
    }
    let found = sorted(found, Ord::cmp);
    let mut seen = std::collections::HashSet::new();
    found.into_iter().filter(|(.., emoji, _)| seen.insert(*emoji)).map(|(.., emoji, name)| (emoji, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_name_comes_first() {
        assert_eq!(find("heart").first().map(|found| found.0), Some("❤️"));
        assert_eq!(find("tada").first().map(|found| found.0), Some("🎉"));
        assert!(find("no-such-emoji").is_empty());
    }

    #[test]
    fn each_emoji_has_a_name_and_no_word_is_an_emoji() {
        for (key, group) in GROUPS {
            for (emoji, name) in of_group(group) {
                assert!(!emoji.is_ascii() && name.is_ascii(), "{key}: {emoji} {name}");
            }
            assert_eq!(of_group(group).count(), group.split('|').count());
        }
    }
}
