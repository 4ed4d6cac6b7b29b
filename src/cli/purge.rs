//! `exhibit purge`

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{count, print_json};
use super::show;
use crate::evidence::Id;
use crate::stages::purge;
use crate::vault::Order;

/// Erase an exhibit's bytes by law, and what was made of them; the log stays whole and says so
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  exhibit purge E7 --reason \"order 12/2026\" --authority \"District Court\" --by \"A. Person\" --second \"B. Person\"\n\nErased for ever: the bytes of the exhibit and of all that came by the same captures; file names, and the place and device\nthat the files tell. What platforms, reports and people said of it stays, as do other exhibits of the item (other versions\nof it), which are named when it is done, and what is an exhibit of another item by itself or\na report's document.\nKept: that it was there, its digest, its history, and who ordered this. Copies elsewhere (mirrors, bags, backups) are\nfor you to find; `exhibit log --of E7` lists the transfers."
)]
pub struct Args {
    /// E7
    id: String,
    #[arg(long)]
    reason: String,
    /// Who ordered it; kept as a sealed value
    #[arg(long, value_name = "NAME")]
    authority: String,
    /// The second person, who agreed; kept as a sealed value
    #[arg(long, value_name = "NAME")]
    second: String,
    /// Only this exhibit's own bytes; what was made of them stays
    #[arg(long)]
    alone: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let (mut vault, _) = context.vault()?;
    let Id::Exhibit(no) = show::find(vault.reader(), &args.id)? else {
        return Err(Failure::new(format!("{} is no exhibit", args.id)).next("name an exhibit, such as E7"));
    };
    let by = vault.agent().person.clone();
    let order = Order { reason: args.reason, authority: Some(args.authority), second: Some(args.second) };
    let told = purge(&mut vault, no, args.alone, by.as_deref(), &order)?;
    if args.json {
        print_json(&told);
    } else {
        context.say(&format!(
            "Erased: {} ({}), {}. The log says so.\n",
            count(told.objects.len(), "object", "objects"),
            told.exhibits.join(", "),
            count(told.values.len(), "sealed value", "sealed values")
        ));
        if !told.left.is_empty() {
            context.say(&format!("Of the same item are still here: {}.\n", told.left.join(", ")));
        }
    }
    Ok(Exit::Done)
}
