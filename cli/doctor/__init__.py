"""`landcast doctor`: is everything here that landcast needs?"""
