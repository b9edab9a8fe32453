//! Which tokens of a line have a space between them.

use super::elements::{Element, Piece};
use crate::token::Token;

/// Whether a space stands between two neighbours in a statement.
pub(super) fn spaced(previous: &Element<'_>, next: &Element<'_>) -> bool {
    if previous.glued_after || next.glued_before {
        return false;
    }
    let (Piece::Token(previous), Piece::Token(next)) = (previous.piece, next.piece) else { return true };
    !(sticks_to_next(previous) || sticks_to_previous(next))
}

fn sticks_to_next(token: Token) -> bool {
    matches!(token, Token::OpenParen | Token::OpenBracket | Token::Dot | Token::Prime | Token::Caret)
}

fn sticks_to_previous(token: Token) -> bool {
    matches!(
        token,
        Token::CloseParen
            | Token::CloseBracket
            | Token::OpenBracket
            | Token::Comma
            | Token::Semicolon
            | Token::Dot
            | Token::Prime
            | Token::Caret
    )
}
